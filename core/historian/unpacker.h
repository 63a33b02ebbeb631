// Reads what Packer wrote, bounds-checked. Pure; one thread each.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "spine/columns.h"

namespace myriad::historian {

// In the order in which it was written. After the first fault ok() is false and what is read means nothing.
class Unpacker {
 public:
  static constexpr std::size_t max_body = std::size_t{256} << 20;

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

}  // namespace myriad::historian
