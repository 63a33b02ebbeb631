// A chunk as bytes, and back, by what its values are: times by the grid that they are on, integers and booleans as
// offsets or differences, doubles as decimals with their last places, text by what differs. Lossless, with a checksum.
// Pure; one thread each.
#pragma once

#include <vector>

#include "base/result.h"
#include "historian/chunk.h"
#include "historian/packer.h"

namespace myriad::historian {

// Stored beside each chunk; a later codec has another number.
inline constexpr int chunk_codec = 2;

class ChunkEncoder {
 public:
  static constexpr std::size_t most_readings = std::size_t{1} << 20;

  // Requires chunk.sort() and at most that many readings. Valid until the next call.
  spine::BytesView encode(const Chunk&, Effort = Effort::fast);

 private:
  void put_kinds(const std::vector<spine::Kind>&);
  void put_values(const Chunk&);
  void put_texts(const Chunk&);

  Packer out_;
};

class ChunkDecoder {
 public:
  // Any bytes at all: damage is an error of Code::internal.
  Result<Chunk> decode(int codec, spine::BytesView payload);

 private:
  bool get_kinds(std::size_t readings, std::vector<spine::Kind>&);
  bool get_values(const std::vector<spine::Kind>&, std::vector<Chunk::Entry>&);
  bool get_texts(const std::vector<spine::Kind>&, std::vector<Chunk::Entry>&, spine::Bytes& blob);

  Unpacker in_;
  std::vector<std::uint64_t> column_;
};

}  // namespace myriad::historian
