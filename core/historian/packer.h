// Columns of integers as few bytes: each integer is a symbol, which zstd's entropy coder shortens column by column, and
// the low bits below it as they are. The pieces that the historian's codecs are made of. Pure; one thread each.
//
// A payload: CRC-32 of the rest (4 bytes); sizes of head, body and frame as varints (frame 0: the body is not
// compressed); head: varints; body: symbols and texts; then the low bits, each column from a whole byte on.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"
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

// Reads what Packer wrote, in the same order. After the first fault ok() is false and what is read means nothing.
class Unpacker {
 public:
  static constexpr std::size_t max_body = std::size_t{64} << 20;

  Unpacker();

  Status open(spine::BytesView payload);
  std::uint64_t varint() { return head_.varint(); }
  void column(std::span<std::uint64_t> out) { column(out, true); }
  // The value of the next column when it has but one, and goes past it; else column() is to read it.
  std::optional<std::uint64_t> constant_column();
  spine::BytesView bytes(std::size_t size) { return body_.bytes(size); }  // valid until the next open()

  bool ok() const { return head_.ok() && body_.ok() && low_at_ <= low_size_; }
  bool at_end() const { return ok() && head_.left() == 0 && body_.left() == 0 && low_at_ == low_size_; }
  std::size_t bytes_left() const { return body_.left(); }
  void fail() { head_.fail(); }

 private:
  void column(std::span<std::uint64_t> out, bool may_be_sparse);
  void sparse_column(std::span<std::uint64_t> out);
  void packed_column(std::span<std::uint64_t> out);
  void symbol_column(std::span<std::uint64_t> out, std::uint64_t shape);
  bool take_low(std::uint64_t bits);

  std::unique_ptr<ZSTD_DCtx_s, std::size_t (*)(ZSTD_DCtx_s*)> context_;
  spine::Reader head_{spine::BytesView{}}, body_{spine::BytesView{}};
  spine::Bytes body_bytes_;
  std::vector<std::uint8_t> low_;  // padded, so that whole words can be loaded
  std::size_t low_at_ = 0, low_size_ = 0;
  const std::uint8_t* low_column_ = nullptr;  // where the column's low bits begin
};

// The checksum of everything in a payload after it.
std::uint32_t payload_checksum(spine::BytesView rest);

}  // namespace myriad::historian
