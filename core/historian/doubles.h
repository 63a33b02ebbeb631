// Doubles, given as their bits, in order as columns of a Packer: as decimals with the last places that arithmetic
// leaves, as they are, or by a dictionary, whichever is smallest. Lossless for all 64 bits. Pure.
#pragma once

#include <cstdint>
#include <span>

#include "historian/packer.h"
#include "historian/unpacker.h"

namespace myriad::historian {

void put_doubles(Packer&, std::span<const std::uint64_t> bits);
void get_doubles(Unpacker&, std::span<std::uint64_t> out);

}  // namespace myriad::historian
