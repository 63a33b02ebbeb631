// Columns of integers as few bytes: each integer is a symbol, which zstd's entropy coder shortens column by column, and
// the low bits below it as they are. The pieces that the historian's codecs are made of. Pure; one thread each.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include "spine/columns.h"

namespace myriad::historian {

enum class Effort : std::uint8_t {
  fast,  // while readings arrive: decide by samples
  best,  // in the background: try what may help and keep the smallest
};

class Packer {
 public:
  Packer();

  void begin(Effort);
  Effort effort() const { return effort_; }

  void varint(std::uint64_t);
  void column(std::span<const std::uint64_t>);  // small integers become few bits
  void constant_column(std::uint64_t);          // a column that is known to have one value
  void bytes(spine::BytesView);

  // Ends the payload; valid until the next begin().
  spine::BytesView finish();

  // Packs by that candidate which comes out smallest. Each must do the same whenever it is called.
  template <class... Candidate>
  void smallest(Candidate&&... candidates) {
    const Mark start = mark();
    double least = std::numeric_limits<double>::infinity();
    std::size_t best = 0, index = 0;
    const auto attempt = [&](auto& candidate) {
      rewind(start);
      candidate();
      if (cost_ < least) least = cost_, best = index;
      ++index;
    };
    (attempt(candidates), ...);
    if (best + 1 == index) return;
    rewind(start);
    index = 0;
    const auto repeat = [&](auto& candidate) {
      if (index++ == best) candidate();
    };
    (repeat(candidates), ...);
  }

 private:
  struct Mark {
    std::size_t head, body, low, cuts;
    double cost;
  };
  Mark mark() const { return {head_.size(), body_.size(), low_.size(), cuts_.size(), cost_}; }
  void rewind(const Mark&);

  void plain_column(std::span<const std::uint64_t>, std::uint64_t all_bits);
  void sparse_column(std::span<const std::uint64_t>, std::uint64_t usual);
  void packed_column(std::span<const std::uint64_t>, unsigned width);
  void symbol_column(std::span<const std::uint64_t>, unsigned shape);
  void cheapest_column(std::span<const std::uint64_t>, std::uint64_t all_bits);
  void cut();

  struct Search {
    int level, shortest_match, hash_log;  // 0: as the level has it
  };
  bool compress();
  void compress(const Search&, spine::Bytes& frame);

  std::unique_ptr<ZSTD_CCtx_s, std::size_t (*)(ZSTD_CCtx_s*)> context_;
  Effort effort_ = Effort::fast;
  spine::Bytes head_, body_, low_, frame_, other_frame_, payload_;
  std::vector<std::size_t> cuts_;  // where in the body another column's statistics begin
  double cost_ = 0;                // bits, estimated; kept by Effort::best alone
};

}  // namespace myriad::historian
