// Integers and doubles in order as columns of a Packer: whichever of plain, differences and dictionaries is smallest;
// doubles as decimals with their last places. Lossless for all 64 bits. Pure.
#pragma once

#include <cstdint>
#include <span>

#include "historian/packer.h"

namespace myriad::historian {

// The largest number that divides all, taken as signed; 1 when they are all 0.
std::uint64_t common_divisor(std::span<const std::uint64_t>);
// Divides multiples of it.
void divide(std::span<std::uint64_t> multiples, std::uint64_t divisor);

// Integers of either sign; differences wrap, so that every bit pattern comes back.
void put_integers(Packer&, std::span<const std::uint64_t>, bool may_use_dictionary = true);
void get_integers(Unpacker&, std::span<std::uint64_t> out);

// Doubles, as their bits.
void put_doubles(Packer&, std::span<const std::uint64_t> bits);
void get_doubles(Unpacker&, std::span<std::uint64_t> out);

}  // namespace myriad::historian
