// Unpacks one zstd frame in memory, piece by piece, within limits. One thread. The one place that reads zstd here.
//
// A frame's header only claims a size and a window; memory is taken for a window of at most 8 MiB (RFC 8878, 3.1.1.1.2
// recommends decoders to support that much), and output stops at its limit.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace myriad::plugin_host {

class Inflater {
 public:
  Inflater(std::string_view bytes, std::uint64_t most);
  ~Inflater();

  // The next piece, valid until the next call; empty at the frame's end.
  Result<std::string_view> next();
  // How many of the bytes given the frame took so far.
  std::size_t consumed() const { return consumed_; }

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  const std::string_view bytes_;
  const std::uint64_t most_;
  std::string piece_;
  std::size_t consumed_ = 0;
  std::uint64_t produced_ = 0;
  bool ended_ = false;
};

}  // namespace myriad::plugin_host
