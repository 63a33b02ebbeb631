#include "edge/body.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace myriad::edge {
namespace {

Error failed(const char* what, const std::filesystem::path& folder) {
  return {Code::unavailable, std::string("cannot ") + what + " a temporary file in " + folder.string() + ": " +
                                 std::strerror(errno) + "; free some space there"};
}

// Not every file system knows O_TMPFILE (overlayfs learnt it in Linux 6.3).
int open_unlinked(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  std::string name = (folder / "myriad-body-XXXXXX").string();
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

Body::Body(std::size_t in_memory, std::filesystem::path folder) : in_memory_(in_memory), folder_(std::move(folder)) {}

Body::~Body() {
  clear();
}

void Body::clear() {
  if (mapped_) ::munmap(mapped_, size_);
  if (file_ >= 0) ::close(file_);
  mapped_ = nullptr;
  file_ = -1;
  size_ = 0;
  memory_.clear();
  if (memory_.capacity() > 4096) memory_.shrink_to_fit();  // a silent connection keeps little
}

Status Body::append(std::string_view bytes) {
  if (file_ < 0 && size_ + bytes.size() <= in_memory_) {
    memory_.append(bytes);
    size_ += bytes.size();
    return {};
  }
  if (file_ < 0) {
    if (auto opened = open_file(); !opened) return opened;
  }
  return spool(bytes);
}

Status Body::open_file() {
  file_ = open_unlinked(folder_);
  if (file_ < 0) return failed("open", folder_);
  size_ = 0;
  if (auto spooled = spool(memory_); !spooled) return spooled;
  memory_ = {};
  return {};
}

Status Body::spool(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(file_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("write to", folder_);
    bytes.remove_prefix(static_cast<std::size_t>(n));
    size_ += static_cast<std::size_t>(n);
  }
  return {};
}

Result<std::string_view> Body::view() {
  if (file_ < 0) return std::string_view(memory_);
  void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file_, 0);
  if (mapped == MAP_FAILED) return failed("map", folder_);
  mapped_ = mapped;
  return std::string_view(static_cast<const char*>(mapped_), size_);
}

}  // namespace myriad::edge
