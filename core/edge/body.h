// The body of one request: in memory while short, in an unlinked file once long. One thread at a time.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace myriad::edge {

class Body {
 public:
  Body(std::size_t in_memory, std::filesystem::path folder);
  ~Body();
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  Status append(std::string_view bytes);  // a full disk is `unavailable`
  std::size_t size() const { return size_; }
  // The whole body, valid until clear(). Call once, after the last append.
  Result<std::string_view> view();
  void clear();

 private:
  Status spool(std::string_view bytes);
  Status open_file();

  const std::size_t in_memory_;
  const std::filesystem::path folder_;
  std::string memory_;
  std::size_t size_ = 0;
  int file_ = -1;
  void* mapped_ = nullptr;
};

}  // namespace myriad::edge
