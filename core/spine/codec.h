// One row of the spine's log: a block of readings as bytes, and back. Lossless for every type; text is packed in the
// order of its readings. Pure; one thread each. Layout: a version byte, then a zstd frame (with checksum) of columns.
#pragma once

#include "base/result.h"
#include "model/reading.h"
#include "spine/columns.h"
#include "spine/values.h"

namespace myriad::spine {

class Encoder {
 public:
  // Valid until the next call. Every reading's text lies within the blob.
  BytesView encode(model::BatchView);

 private:
  void split(model::BatchView);

  Compressor compressor_;
  ValueCoder values_;
  std::vector<Kind> kinds_;
  std::vector<std::uint32_t> points_;
  std::vector<std::int64_t> differences_;
  std::vector<std::uint64_t> bits_, column_;
  Bytes body_, row_;
};

class Decoder {
 public:
  // Any bytes at all: damage is an error of Code::internal.
  Result<model::Batch> decode(BytesView row);
  // The same for what is inside the zstd frame.
  Result<model::Batch> decode_body(BytesView body);

 private:
  const char* fill(model::Batch&, std::span<const Kind>, std::int64_t unit, std::size_t text_bytes);

  Decompressor decompressor_;
  ValueCoder values_;
  std::vector<std::uint32_t> points_;
  std::vector<std::uint64_t> bits_, column_;
  Bytes body_;
};

}  // namespace myriad::spine
