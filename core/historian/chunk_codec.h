// A chunk as bytes, and back, by what its values are: integers and booleans as differences, doubles as exact decimals
// or XORed whole, text as it is; then zstd with a checksum. Lossless. Pure; one thread each.
#pragma once

#include "base/result.h"
#include "historian/chunk.h"
#include "spine/columns.h"
#include "spine/values.h"

namespace myriad::historian {

// Stored beside each chunk; a later codec has another number.
inline constexpr int chunk_codec = 1;

class ChunkEncoder {
 public:
  // Requires chunk.sort(). Valid until the next call.
  spine::BytesView encode(const Chunk&);

 private:
  void put_times(const std::vector<Chunk::Entry>&);

  spine::Compressor compressor_;
  spine::ValueCoder values_;
  std::vector<std::int64_t> intervals_;
  std::vector<std::uint64_t> column_;
  spine::Bytes body_, payload_;
};

class ChunkDecoder {
 public:
  // Any bytes at all: damage is an error of Code::internal.
  Result<Chunk> decode(int codec, spine::BytesView payload);
  // The same for what is inside the zstd frame.
  Result<Chunk> decode_body(spine::BytesView body);

 private:
  bool get_times(spine::Reader&, std::vector<Chunk::Entry>&);

  spine::Decompressor decompressor_;
  spine::ValueCoder values_;
  std::vector<std::uint64_t> column_;
  spine::Bytes body_;
};

}  // namespace myriad::historian
