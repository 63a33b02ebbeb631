// Small whole files, read and written at once; what was written survives a power failure. Thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace myriad {

// An open file, closed with the object; -1 when there is none.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

// A regular file of at most so many bytes. NOT_FOUND when it is missing, TOO_LARGE beyond.
Result<std::string> read_file(const std::filesystem::path& file, std::uint64_t most);

// A file that must not exist yet, EXISTS otherwise.
Status write_new_file(const std::filesystem::path& file, std::string_view bytes, mode_t mode);
// Whoever reads meanwhile sees the old file or the new one, whole.
Status replace_file(const std::filesystem::path& file, std::string_view bytes, mode_t mode);

bool write_all(int fd, std::string_view bytes);  // errno when false
bool sync_folder(const std::filesystem::path& folder);

}  // namespace myriad
