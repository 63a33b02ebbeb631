#include "spine/codec.h"

#include <string>

namespace myriad::spine {
namespace {

constexpr std::uint8_t version = 1;

Error damaged(const std::string& what) {
  return {Code::internal, "a row of the log is damaged: " + what};
}

}  // namespace

void Encoder::split(model::BatchView batch) {
  const std::size_t n = batch.readings.size();
  kinds_.clear();
  points_.resize(n);
  differences_.resize(n);
  bits_.resize(n);
  std::int64_t before = 0;
  std::uint32_t last_kind = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const model::Reading& r = batch.readings[i];
    const std::uint32_t kind = std::uint32_t{r.type} << 16 | r.quality;
    if (kind != last_kind) kinds_.push_back({0, r.type, r.quality});
    last_kind = kind;
    ++kinds_.back().count;
    points_[i] = r.point;
    differences_[i] = r.time_ns - before;
    before = r.time_ns;
    bits_[i] = model::has_blob(r) ? r.value.blob.size : r.value.u64;
  }
}

BytesView Encoder::encode(model::BatchView batch) {
  split(batch);
  const std::size_t n = batch.readings.size();
  const unsigned unit = common_unit(differences_);
  body_.clear();
  put_varint(body_, n);
  put_varint(body_, unit);
  put_kinds(body_, kinds_);

  column_.resize(n);
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < n; ++i) {
    column_[i] = zigzag(static_cast<std::uint64_t>(std::int64_t{points_[i]} - before));
    before = points_[i];
  }
  put_column(body_, column_);
  for (std::size_t i = 0; i < n; ++i) column_[i] = zigzag(static_cast<std::uint64_t>(differences_[i] / unit_ns[unit]));
  put_column(body_, column_);
  values_.put(body_, kinds_, points_, bits_);
  if (!batch.blob.empty())
    for (const model::Reading& r : batch.readings)
      if (model::has_blob(r)) {
        const auto text = batch.text(r);
        body_.insert(body_.end(), text.begin(), text.end());
      }

  row_.assign(1, version);
  compressor_.compress(body_, row_);
  return row_;
}

Result<model::Batch> Decoder::decode(BytesView row) {
  if (row.empty()) return damaged("it is empty");
  if (row[0] != version) return damaged("version " + std::to_string(row[0]) + ", this Myriad knows 1");
  if (auto done = decompressor_.decompress(row.subspan(1), body_); !done) return damaged(done.error().message);
  return decode_body(body_);
}

Result<model::Batch> Decoder::decode_body(BytesView body) {
  Reader in(body);
  const std::size_t n = in.count(2);  // the shortest column has half a byte a reading
  const std::uint64_t unit = in.varint();
  if (unit >= unit_ns.size()) return damaged("unknown time unit");
  const auto kinds = get_kinds(in, n);
  if (!in.ok()) return damaged("its header");

  model::Batch batch;
  batch.readings.resize(n);
  points_.resize(n);
  bits_.resize(n);
  column_.resize(n);
  in.column(column_);
  std::uint32_t point = 0;
  for (std::size_t i = 0; i < n; ++i) points_[i] = point += static_cast<std::uint32_t>(unzigzag(column_[i]));
  in.column(column_);
  values_.get(in, kinds, points_, bits_);
  if (!in.ok()) return damaged("its columns");

  if (const char* fault = fill(batch, kinds, unit_ns[unit], in.left())) return damaged(fault);
  const BytesView blob = in.bytes(in.left());
  batch.blob.assign(blob.begin(), blob.end());
  return batch;
}

// Puts the columns into the readings, whose texts follow each other in `text_bytes`. What is wrong, or null.
const char* Decoder::fill(model::Batch& batch, std::span<const Kind> kinds, std::int64_t unit, std::size_t text_bytes) {
  std::uint64_t time = 0, text = 0;
  std::size_t i = 0;
  for (const Kind& kind : kinds)
    for (const std::size_t end = i + kind.count; i < end; ++i) {
      time += unzigzag(column_[i]) * static_cast<std::uint64_t>(unit);
      model::Reading& r = batch.readings[i];
      r = {static_cast<std::int64_t>(time), points_[i], kind.type, kind.quality, {}};
      r.value.u64 = bits_[i];
      if (r.time_ns < 0) return "its times";
      if (!model::has_blob(r)) continue;
      if (bits_[i] > text_bytes - text) return "its text";
      r.value.blob = {static_cast<std::uint32_t>(text), static_cast<std::uint32_t>(bits_[i])};
      text += bits_[i];
    }
  return text == text_bytes ? nullptr : "its text";
}

}  // namespace myriad::spine
