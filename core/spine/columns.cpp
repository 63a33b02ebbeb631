#include "spine/columns.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "myriad/plugin.h"

namespace myriad::spine {
namespace {

static_assert(std::endian::native == std::endian::little, "columns are little-endian");

constexpr std::size_t max_body = std::size_t{256} << 20;
constexpr int compression_level = 1;

constexpr std::uint64_t low_bytes(std::size_t length) {
  return length == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * length)) - 1;
}

// 0 for 0, else the bytes up to the highest that is set.
std::size_t byte_length(std::uint64_t v) {
  return (static_cast<std::size_t>(std::bit_width(v | 1)) + 7) / 8 - (v == 0);
}

std::uint8_t* put_value(std::uint8_t* at, std::uint64_t v, std::size_t length) {
  std::memcpy(at, &v, sizeof v);
  return at + length;
}

bool known(std::uint64_t type, std::uint64_t quality) {
  return type >= MYRIAD_BOOL && type <= MYRIAD_JSON && quality <= MYRIAD_STALE;
}

unsigned digits_needed(std::uint64_t bits) {
  unsigned digits = 0;
  for (std::uint64_t m; digits <= Decimals::max_digits; ++digits)
    if (Decimals(digits).shrink(std::bit_cast<double>(bits), m)) break;
  return digits;
}

}  // namespace

void put_varint(Bytes& out, std::uint64_t v) {
  for (; v >= 0x80; v >>= 7) out.push_back(static_cast<std::uint8_t>(v | 0x80));
  out.push_back(static_cast<std::uint8_t>(v));
}

void put_column(Bytes& out, std::span<const std::uint64_t> values) {
  const std::size_t start = out.size(), n = values.size();
  out.resize(start + (n + 1) / 2 + 8 * n + 8);
  std::uint8_t* lengths = out.data() + start;
  std::uint8_t* at = lengths + (n + 1) / 2;
  for (std::size_t i = 0; i + 1 < n; i += 2) {
    const std::size_t a = byte_length(values[i]), b = byte_length(values[i + 1]);
    *lengths++ = static_cast<std::uint8_t>(a | b << 4);
    at = put_value(at, values[i], a);
    at = put_value(at, values[i + 1], b);
  }
  if (n % 2 == 1) {
    const std::size_t a = byte_length(values[n - 1]);
    *lengths = static_cast<std::uint8_t>(a);
    at = put_value(at, values[n - 1], a);
  }
  out.resize(static_cast<std::size_t>(at - out.data()));
}

void put_planes(Bytes& out, std::span<const std::uint64_t> values) {
  const std::size_t start = out.size(), n = values.size();
  out.resize(start + 8 * n);
  for (std::size_t plane = 0; plane < 8; ++plane)
    for (std::size_t i = 0; i < n; ++i)
      out[start + plane * n + i] = static_cast<std::uint8_t>(values[i] >> (8 * plane));
}

void Reader::fail() {
  ok_ = false;
  at_ = data_.size();
}

std::uint64_t Reader::varint() {
  std::uint64_t v = 0;
  for (unsigned shift = 0; shift < 64 && at_ < data_.size(); shift += 7) {
    const std::uint8_t byte = data_[at_++];
    v |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return v;
  }
  fail();
  return 0;
}

std::size_t Reader::count(std::size_t per_byte) {
  const std::uint64_t n = varint();
  if (n / per_byte <= left()) return static_cast<std::size_t>(n);
  fail();
  return 0;
}

std::uint64_t Reader::load(std::size_t length) {
  std::uint64_t v = 0;
  if (left() >= 8)
    std::memcpy(&v, data_.data() + at_, 8);
  else if (length <= left())
    std::memcpy(&v, data_.data() + at_, length);
  else
    ok_ = false;
  at_ += length;
  return v & low_bytes(length);
}

void Reader::column(std::span<std::uint64_t> out) {
  const BytesView lengths = bytes((out.size() + 1) / 2);
  for (std::size_t i = 0; ok_ && i < out.size(); ++i) {
    const std::size_t length = (lengths[i / 2] >> (4 * (i & 1))) & 0xfu;
    if (length > 8) return fail();
    out[i] = load(length);
  }
  if (!ok_) fail();
}

void Reader::planes(std::span<std::uint64_t> out) {
  if (out.size() > left() / 8) return fail();
  const BytesView data = bytes(8 * out.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = 0;
  for (std::size_t plane = 0; plane < 8; ++plane)
    for (std::size_t i = 0; i < out.size(); ++i) out[i] |= std::uint64_t{data[plane * out.size() + i]} << (8 * plane);
}

BytesView Reader::bytes(std::size_t size) {
  if (size > left()) {
    fail();
    return {};
  }
  at_ += size;
  return data_.subspan(at_ - size, size);
}

void put_kinds(Bytes& out, std::span<const Kind> kinds) {
  put_varint(out, kinds.size());
  for (const Kind& kind : kinds) {
    put_varint(out, kind.count);
    out.push_back(static_cast<std::uint8_t>(kind.type << 4 | kind.quality));
  }
}

std::vector<Kind> get_kinds(Reader& in, std::size_t readings) {
  std::vector<Kind> kinds(in.count(1));
  std::uint64_t rest = readings;
  for (Kind& kind : kinds) {
    const std::uint64_t count = in.varint();
    const BytesView tag = in.bytes(1);
    if (!in.ok() || count > rest || !known(tag[0] >> 4, tag[0] & 0xf)) {
      in.fail();
      return {};
    }
    kind = {static_cast<std::uint32_t>(count), static_cast<std::uint16_t>(tag[0] >> 4),
            static_cast<std::uint16_t>(tag[0] & 0xf)};
    rest -= count;
  }
  if (rest > 0) in.fail();
  return in.ok() ? kinds : std::vector<Kind>{};
}

unsigned common_unit(std::span<const std::int64_t> differences) {
  unsigned unit = 3;
  for (const std::int64_t d : differences)
    while (unit > 0 && d % unit_ns[unit] != 0) --unit;
  return unit;
}

unsigned Decimals::choose(std::span<const std::uint64_t> bits) {
  constexpr std::size_t sample = 64;
  std::array<std::size_t, max_digits + 2> needed{};
  const std::size_t step = std::max<std::size_t>(1, bits.size() / sample);
  std::size_t decimals = 0;
  for (std::size_t i = 0; i < bits.size(); i += step) {
    const unsigned digits = digits_needed(bits[i]);
    ++needed[digits];
    decimals += digits <= max_digits;
  }
  // A rare value with many digits is cheaper kept whole than as a reason for everyone's digits.
  std::size_t covered = 0;
  for (unsigned digits = 0; digits <= max_digits; ++digits) {
    covered += needed[digits];
    if (decimals > 0 && covered * 16 >= decimals * 15) return digits;
  }
  return 0;
}

Compressor::Compressor() : context_(ZSTD_createCCtx(), &ZSTD_freeCCtx) {
  if (!context_) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, compression_level);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
}

void Compressor::compress(BytesView body, Bytes& out) {
  const std::size_t start = out.size();
  out.resize(start + ZSTD_compressBound(body.size()));
  const std::size_t size =
      ZSTD_compress2(context_.get(), out.data() + start, out.size() - start, body.data(), body.size());
  if (ZSTD_isError(size)) throw std::bad_alloc();  // the buffer is large enough; nothing else can fail
  out.resize(start + size);
}

Decompressor::Decompressor() : context_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {
  if (!context_) throw std::bad_alloc();
}

Status Decompressor::decompress(BytesView frame, Bytes& body) {
  const auto size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > max_body)
    return Error{Code::internal, "no zstd frame of a known size up to " + std::to_string(max_body) + " bytes"};
  body.resize(size);
  const std::size_t got = ZSTD_decompressDCtx(context_.get(), body.data(), body.size(), frame.data(), frame.size());
  if (ZSTD_isError(got)) return Error{Code::internal, std::string("damaged zstd frame: ") + ZSTD_getErrorName(got)};
  body.resize(got);
  return {};
}

}  // namespace myriad::spine
