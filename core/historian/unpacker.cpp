#include "historian/unpacker.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "historian/payload.h"
#include "historian/symbols.h"

namespace myriad::historian {
namespace {

using spine::BytesView;

// A zstd block holds at most 128 KiB and takes at least 4 bytes (RFC 8878, 3.1.1.2): who claims more is not believed,
// and gets no memory.
constexpr std::size_t most_shrunk = (std::size_t{128} << 10) / 4;

}  // namespace

Unpacker::Unpacker() : context_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {
  if (!context_) throw std::bad_alloc();
}

Status Unpacker::open(BytesView payload) {
  const auto bad = [](std::string what) { return Error{Code::internal, std::move(what)}; };
  std::uint32_t checksum = 0;
  if (payload.size() < checksum_size) return bad("it has " + std::to_string(payload.size()) + " bytes");
  std::memcpy(&checksum, payload.data(), checksum_size);
  const BytesView rest = payload.subspan(checksum_size);
  if (payload_checksum(rest) != checksum) return bad("its checksum is another");

  spine::Reader in(rest);
  const auto head_size = in.varint(), body_size = in.varint(), frame_size = in.varint();
  if (body_size > max_body || (frame_size > 0 && body_size / most_shrunk > frame_size))
    return bad("its body would have " + std::to_string(body_size) + " bytes");
  const BytesView head = in.bytes(head_size);
  const BytesView stored = in.bytes(frame_size > 0 ? frame_size : body_size);
  if (!in.ok()) return bad("it is cut short");
  body_bytes_.resize(body_size);
  if (frame_size > 0) {
    const std::size_t got =
        ZSTD_decompressDCtx(context_.get(), body_bytes_.data(), body_size, stored.data(), stored.size());
    if (ZSTD_isError(got) || got != body_size) return bad("its zstd frame does not decode");
  } else {
    std::copy(stored.begin(), stored.end(), body_bytes_.begin());
  }
  head_ = spine::Reader(head);
  body_ = spine::Reader(body_bytes_);
  const BytesView low = in.bytes(in.left());
  low_.assign(low.begin(), low.end());
  low_.resize(low.size() + low_padding);
  low_at_ = 0;
  low_size_ = low.size();
  return {};
}

// Sets low_column_ and goes past the bits; false when there are fewer.
bool Unpacker::take_low(std::uint64_t bits) {
  if (bits / 8 + (bits % 8 > 0) > low_size_ - low_at_) {
    fail();
    return false;
  }
  low_column_ = low_.data() + low_at_;
  low_at_ += bits / 8 + (bits % 8 > 0);
  return true;
}

std::optional<std::uint64_t> Unpacker::constant_column() {
  spine::Reader next = head_;
  if (next.varint() != static_cast<std::uint64_t>(Form::constant)) return std::nullopt;
  const std::uint64_t value = next.varint();
  if (!next.ok()) return std::nullopt;
  head_ = next;
  return value;
}

void Unpacker::column(std::span<std::uint64_t> out, bool may_be_sparse) {
  if (out.empty()) return;
  const std::uint64_t form = varint();
  if (!ok()) return;
  constexpr auto symbols = static_cast<std::uint64_t>(Form::symbols);
  switch (static_cast<Form>(std::min(form, symbols))) {
    case Form::constant:
      return std::fill(out.begin(), out.end(), varint());
    case Form::sparse:
      return may_be_sparse ? sparse_column(out) : fail();
    case Form::packed:
      return packed_column(out);
    case Form::symbols:
      return symbol_column(out, form - symbols);
  }
}

void Unpacker::sparse_column(std::span<std::uint64_t> out) {
  std::fill(out.begin(), out.end(), varint());
  const std::uint64_t count = varint();
  if (!ok() || count > out.size()) return fail();
  std::vector<std::uint64_t> gaps(count), others(count);
  column(gaps, false);
  column(others, false);
  if (!ok()) return;
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i, ++at) {
    if (gaps[i] >= out.size() - at) return fail();
    at += gaps[i];
    out[at] = others[i];
  }
}

void Unpacker::packed_column(std::span<std::uint64_t> out) {
  const std::uint64_t width = varint();
  if (width > 64 || !take_low(width * out.size())) return fail();
  BitReader in(low_column_);
  for (auto& v : out) v = in.get(static_cast<unsigned>(width));
}

void Unpacker::symbol_column(std::span<std::uint64_t> out, std::uint64_t shape) {
  const BytesView symbols = body_.bytes(out.size());
  if (!ok() || shape >= shapes.size()) return fail();
  if (shape == whole_bytes) {
    std::copy(symbols.begin(), symbols.end(), out.begin());
    return;
  }
  const Symbols& known = shape_symbols[shape];
  if (*std::max_element(symbols.begin(), symbols.end()) >= known.count) return fail();
  std::uint64_t bits = 0;
  for (const auto symbol : symbols) bits += known.low_bits[symbol];
  if (!take_low(bits)) return;
  BitReader in(low_column_);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = known.base[symbols[i]] + in.get(known.low_bits[symbols[i]]);
}

}  // namespace myriad::historian
