#include "security/private_file.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/files.h"

namespace myriad::security {
namespace {

Error failed(const char* what, const std::filesystem::path& file) {
  return {Code::denied, std::string("cannot ") + what + " " + file.string() + ": " + std::strerror(errno) +
                            "; give the daemon a data directory that it owns (--data)"};
}

Status make_folder(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder)) return {};
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed("make", folder);
  return {};
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(fd) == 0;
}

}  // namespace

Result<std::string> read_private(const std::filesystem::path& file) {
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0) return failed("read", file);
  if (about.st_mode & (S_IRWXG | S_IRWXO))
    return Error{Code::denied, file.string() + " is a secret that others may read: chmod 600 it"};
  std::ifstream in(file, std::ios::binary);
  if (!in) return failed("read", file);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Status write_private(const std::filesystem::path& file, std::string_view bytes) {
  if (auto made = make_folder(file.parent_path()); !made) return made;
  const std::filesystem::path fresh = file.string() + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failed("write", fresh);
  const bool written = write_all(fd, bytes);
  ::close(fd);
  if (!written) return failed("write", fresh);
  if (::rename(fresh.c_str(), file.c_str()) != 0) return failed("write", file);
  sync_folder(file.parent_path());  // what is sealed with a key must not outlive it
  return {};
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) != 1)
    throw std::runtime_error("the system gives no random bytes");
  return out;
}

}  // namespace myriad::security
