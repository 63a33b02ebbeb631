#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace myriad {
namespace {

Error failed(const char* what, const std::filesystem::path& file) {
  const int error = errno;
  const Code code = error == ENOENT ? Code::not_found : error == EEXIST ? Code::exists : Code::denied;
  return {code, std::string("cannot ") + what + " " + file.string() + ": " + std::strerror(error)};
}

Status fill(const Descriptor& fd, const std::filesystem::path& file, std::string_view bytes, mode_t mode) {
  const bool done = write_all(fd.get(), bytes) && ::fchmod(fd.get(), mode) == 0 && ::fsync(fd.get()) == 0;
  if (done) return {};
  auto error = failed("write", file);
  ::unlink(file.c_str());
  return error;
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  const auto folder = file.parent_path();
  return folder.empty() ? "." : folder;
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool sync_folder(const std::filesystem::path& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd && ::fsync(fd.get()) == 0;
}

Result<std::string> read_file(const std::filesystem::path& file, std::uint64_t most) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a FIFO would wait for its writer
  if (!fd) return failed("read", file);
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return failed("read", file);
  if (!S_ISREG(about.st_mode)) return Error{Code::invalid, file.string() + " is no regular file: name one"};
  std::string bytes;
  std::array<char, 1 << 16> piece;
  for (;;) {
    const auto n = ::read(fd.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("read", file);
    if (n == 0) return bytes;
    bytes.append(piece.data(), static_cast<std::size_t>(n));
    if (bytes.size() > most)
      return Error{Code::too_large, file.string() + " is larger than " + std::to_string(most) + " bytes"};
  }
}

Status write_new_file(const std::filesystem::path& file, std::string_view bytes, mode_t mode) {
  const Descriptor fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return failed("write", file);
  if (auto ok = fill(fd, file, bytes, mode); !ok) return ok;
  sync_folder(folder_of(file));
  return {};
}

Status replace_file(const std::filesystem::path& file, std::string_view bytes, mode_t mode) {
  std::string fresh = file.string() + ".XXXXXX";
  const Descriptor fd(::mkostemp(fresh.data(), O_CLOEXEC));
  if (!fd) return failed("write", file);
  if (auto ok = fill(fd, fresh, bytes, mode); !ok) return ok;
  if (::rename(fresh.c_str(), file.c_str()) != 0) {
    auto error = failed("write", file);
    ::unlink(fresh.c_str());
    return error;
  }
  sync_folder(folder_of(file));
  return {};
}

}  // namespace myriad
