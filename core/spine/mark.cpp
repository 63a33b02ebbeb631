#include "spine/mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace myriad::spine {
namespace {

constexpr Sequence ahead = Sequence{1} << 24;

}  // namespace

std::optional<Sequence> Mark::read() const {
  Sequence value = 0;
  std::ifstream in(file_);
  return in >> value ? std::optional(value) : std::nullopt;
}

Status Mark::reserve(Sequence end) {
  if (end <= reserved_) return {};
  if (auto written = write(end + ahead); !written) return written;
  reserved_ = end + ahead;
  return {};
}

// Whole or not at all.
Status Mark::write(Sequence value) const {
  const auto part = file_.string() + ".part";
  const std::string text = std::to_string(value) + "\n";
  const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool done = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const int why = errno;
  if (fd >= 0) ::close(fd);
  done = done && std::rename(part.c_str(), file_.c_str()) == 0;
  if (done) return {};
  return Error{Code::unavailable,
               "cannot write " + file_.string() + ": " + std::strerror(why) + "; free some disk space, check the disk"};
}

}  // namespace myriad::spine
