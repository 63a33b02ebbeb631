// The values of readings in order, as columns: each as its difference from the last value of its point, doubles as
// exact decimals where they are, whole where they are not. Lossless. Pure; one thread each.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "spine/columns.h"

namespace myriad::spine {

// `bits` holds a reading's value.u64, or the size of its text. `points` chooses what a value is compared with; empty
// when all are of one point.
class ValueCoder {
 public:
  void put(Bytes& out, std::span<const Kind>, std::span<const std::uint32_t> points,
           std::span<const std::uint64_t> bits);
  // Reads bits.size() values. On a fault the reader is not ok().
  void get(Reader&, std::span<const Kind>, std::span<const std::uint32_t> points, std::span<std::uint64_t> bits);

 private:
  // Points share a slot when their ids are equal modulo this: compresses less, stays right.
  static constexpr std::size_t slots = 1024;
  using Last = std::array<std::uint64_t, slots>;

  void shrink_doubles(std::span<const Kind>, std::span<const std::uint32_t> points, std::span<const std::uint64_t> bits,
                      unsigned digits);
  void put_whole(Bytes& out);

  Last last_{};
  std::vector<std::uint64_t> stream_;  // what the column holds: integers, decimals, sizes
  std::vector<std::uint64_t> whole_;   // doubles that are no decimals, and
  std::vector<std::uint64_t> gaps_;    // how many readings lie between them
};

}  // namespace myriad::spine
