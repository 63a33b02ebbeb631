// What Packer and Unpacker agree on.
//
// A payload: CRC-32 of the rest (4 bytes); sizes of head, body and frame as varints (frame 0: the body is not
// compressed); head: varints; body: symbols and texts; then the low bits, each column from a whole byte on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spine/columns.h"

namespace myriad::historian {

inline constexpr std::size_t checksum_size = 4;
// The checksum of everything in a payload after it.
std::uint32_t payload_checksum(spine::BytesView rest);

// Low bits are written and read by whole words, which reach this far past them at most.
inline constexpr std::size_t low_padding = 16;

// The forms of a column, as its first varint. From `symbols` on: symbols + the index of the shape.
enum class Form : std::uint64_t { constant, sparse, packed, symbols };

}  // namespace myriad::historian
