// Integers in order as columns of a Packer: whichever of plain, differences and dictionaries is smallest. Lossless for
// all 64 bits: of either sign, and differences wrap. Pure.
#pragma once

#include <cstdint>
#include <span>

#include "historian/packer.h"
#include "historian/unpacker.h"

namespace myriad::historian {

void put_integers(Packer&, std::span<const std::uint64_t>, bool may_use_dictionary = true);
void get_integers(Unpacker&, std::span<std::uint64_t> out, bool may_use_dictionary = true);

// About how many bits they take, by a sample, to compare.
double integers_cost(std::span<const std::uint64_t>);

// The largest number that divides all, taken as signed; 1 when they are all 0.
std::uint64_t common_divisor(std::span<const std::uint64_t>);
// Divides multiples of it.
void divide(std::span<std::uint64_t> multiples, std::uint64_t divisor);

}  // namespace myriad::historian
