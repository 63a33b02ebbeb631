// Ascending times as columns of a Packer: how far each is from the grid that the series keeps to, and where the grid
// skips. Lossless. Pure.
#pragma once

#include <span>
#include <vector>

#include "base/clock.h"
#include "historian/packer.h"

namespace myriad::historian {

// Requires times >= 0 that ascend, no two the same.
void put_times(Packer&, std::span<const std::uint64_t> times);
// Whatever was packed: the caller checks the order of times that outside bytes may have broken.
void get_times(Unpacker&, std::span<std::uint64_t> times);

}  // namespace myriad::historian
