#include "plugin_host/staging.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace myriad::plugin_host {
namespace {

constexpr int open_folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Error failed(const std::string& what) {
  const int error = errno;
  const bool is_full = error == ENOSPC || error == EDQUOT;
  return {is_full ? Code::unavailable : Code::denied,
          "cannot " + what + ": " + std::strerror(error) + (is_full ? "; make room on the disk" : "")};
}

}  // namespace

Result<Staging> Staging::begin(const std::filesystem::path& into) {
  const auto parent = into.has_parent_path() ? into.parent_path() : ".";
  std::string folder = parent / ("." + into.filename().string() + ".XXXXXX");
  if (!::mkdtemp(folder.data()))
    return Error{Code::denied, "cannot make a folder in " + parent.string() + ": " + std::strerror(errno) +
                                   "; name a folder that exists and may be written"};
  Descriptor fd(::open(folder.c_str(), open_folder_flags));
  if (!fd || ::fchmod(fd.get(), 0755) != 0) {
    auto error = failed("open " + folder);
    ::rmdir(folder.c_str());
    return error;
  }
  return Staging(into, folder, std::move(fd));
}

Staging::~Staging() {
  if (!fd_) return;  // moved from, or committed
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

// Step by step, so that no link on the way is followed.
Result<Descriptor> Staging::open_folder(const std::string& name) {
  Descriptor at(::dup(fd_.get()));
  for (std::size_t begin = 0; at && begin < name.size();) {
    const auto slash = std::min(name.find('/', begin), name.size());
    const std::string part = name.substr(begin, slash - begin);
    if (folders_.insert(name.substr(0, slash)).second && ::mkdirat(at.get(), part.c_str(), 0755) != 0)
      return failed("make folder " + name);
    at = Descriptor(::openat(at.get(), part.c_str(), open_folder_flags));
    begin = slash + 1;
  }
  if (!at) return failed("open folder " + name);
  return at;
}

Status Staging::create(const std::string& name) {
  const auto slash = name.rfind('/');
  const auto folder = open_folder(slash == std::string::npos ? "" : name.substr(0, slash));
  if (!folder) return folder.error();
  const std::string last = slash == std::string::npos ? name : name.substr(slash + 1);
  file_name_ = name;
  file_ = Descriptor(::openat(folder->get(), last.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file_) return failed("write " + name);
  return {};
}

Status Staging::write(std::string_view bytes) {
  return write_all(file_.get(), bytes) ? Status() : failed("write " + file_name_);
}

Status Staging::finish() {
  const bool done = ::fsync(file_.get()) == 0;
  if (!done) return failed("write " + file_name_);
  file_ = Descriptor();
  return {};
}

Status Staging::commit() {
  for (const auto& name : folders_)
    if (!sync_folder(folder_ / name)) return failed("write folder " + name);
  if (::fsync(fd_.get()) != 0) return failed("write " + folder_.string());
  if (::renameat2(AT_FDCWD, folder_.c_str(), AT_FDCWD, into_.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return Error{Code::exists, into_.string() + " is there already: remove it first"};
    return failed("rename " + folder_.string() + " to " + into_.string());
  }
  fd_ = Descriptor();
  sync_folder(into_.has_parent_path() ? into_.parent_path() : ".");
  return {};
}

}  // namespace myriad::plugin_host
