#include "historian/symbols.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace myriad::historian {
namespace {

// How often which values come, those of one bin as its least.
struct Bin {
  std::uint64_t value;
  std::uint32_t count;
};

std::vector<Bin> bins_of(std::span<const std::uint64_t> values, Shape shape) {
  std::array<std::uint32_t, 512> counts{};
  for (const auto v : values) ++counts[shape.symbol(v)];
  std::vector<Bin> bins;
  for (unsigned symbol = 0; symbol < counts.size(); ++symbol)
    if (counts[symbol] > 0) bins.push_back({shape.base(symbol), counts[symbol]});
  return bins;
}

// Bits of a Huffman code for symbols that come so often: the weights of its inner nodes, added up. Of many symbols the
// entropy, which is then as near and needs no order.
double huffman_bits(std::vector<std::uint32_t>& counts, std::size_t total) {
  constexpr std::size_t many = 48;
  if (counts.size() > many)
    return std::accumulate(counts.begin(), counts.end(), 0.0, [total](double bits, std::uint32_t count) {
      return bits + static_cast<double>(count) *
                        static_cast<double>(std::log2(static_cast<float>(total) / static_cast<float>(count)));
    });
  std::sort(counts.begin(), counts.end());
  std::vector<std::uint32_t> inner;
  std::size_t leaf = 0, node = 0;
  const auto lightest = [&] {
    if (leaf < counts.size() && (node == inner.size() || counts[leaf] <= inner[node])) return counts[leaf++];
    return inner[node++];
  };
  double bits = 0;
  for (std::size_t i = 1; i < counts.size(); ++i) {
    const std::uint32_t left = lightest(), weight = left + lightest();
    inner.push_back(weight);
    bits += weight;
  }
  return bits;
}

// Bits that a column of this shape takes, with what zstd says before it.
double symbol_bits(const std::vector<Bin>& bins, Shape shape, std::size_t total) {
  constexpr double table_bits_a_symbol = 4, block_bits = 80;
  std::array<std::uint32_t, 512> sums{};
  double low = 0;
  for (const auto& bin : bins) {
    sums[shape.symbol(bin.value)] += bin.count;
    low += static_cast<double>(bin.count) * shape.low_bits(bin.value);
  }
  std::vector<std::uint32_t> counts;
  for (const auto sum : sums)
    if (sum > 0) counts.push_back(sum);
  const double huffman = huffman_bits(counts, total) + table_bits_a_symbol * static_cast<double>(counts.size());
  return block_bits + low + std::min(huffman, 8 * static_cast<double>(total));
}

}  // namespace

// By what the counts of symbols let expect.
Choice cheapest_shape(std::span<const std::uint64_t> values, std::uint64_t all_bits) {
  constexpr double worth_it = 0.995;  // the first is the fastest to read
  const auto width = static_cast<unsigned>(std::bit_width(all_bits));
  Choice best{Choice::packed, 8.0 * std::ceil(width * static_cast<double>(values.size()) / 8)};
  const auto compare = [&](const std::vector<Bin>& bins, unsigned index) {
    const double bits = symbol_bits(bins, shapes[index], values.size());
    if (bits < best.bits * worth_it) best = {index, bits};
  };
  const bool small = width <= 8;
  const auto bins = bins_of(values, shapes[small ? whole_bytes : finest]);
  if (small) compare(bins, whole_bytes);
  for (const unsigned index : {1u, 2u, 3u, finest})
    if (shapes[index].symbol(all_bits) < 256) compare(bins, index);
  if (!small && width <= 12) compare(bins_of(values, shapes[long_exact]), long_exact);
  return best;
}

}  // namespace myriad::historian
