#include "image.h"

#include <algorithm>

namespace modbus {

Image::Kind Image::kind_of(const Point& point) {
  if (is_bits(point.place.table)) return Kind::bit;
  if (point.format.type == Type::string) return Kind::text;
  // The common ones, decoded without looking at their format.
  const bool plain = !point.format.scaled() && point.format.bytes == Order::big;
  if (plain && point.format.type == Type::int16) return Kind::int16;
  if (plain && point.format.type == Type::uint16) return Kind::uint16;
  return Kind::number;
}

Image::Image(std::span<const Point> points, const Plan& plan, std::span<const std::uint32_t> ids)
    : points_(points),
      seen_(plan.slots.size()),
      bad_(plan.slots.size()),
      finite_(plan.slots.size()),
      slot_of_(points.size()),
      registers_(plan.registers),
      bits_(plan.bits) {
  for (const auto& slot : plan.slots) {
    slot_of_[slot.place] = static_cast<std::uint32_t>(rows_.size());
    rows_.push_back({ids[slot.place], slot.image, slot.place, kind_of(points[slot.place])});
  }
}

void Image::add(std::size_t slot, std::int64_t time_ns, std::uint16_t quality, myriad::Batch& batch) {
  const Row& row = rows_[slot];
  myriad_reading reading{time_ns, row.id, MYRIAD_I64, quality, {}};
  switch (row.kind) {
    case Kind::bit:
      reading.type = MYRIAD_BOOL;
      reading.value.i64 = bits_[row.image];
      break;
    case Kind::int16:
      reading.value.i64 = static_cast<std::int16_t>(registers_[row.image]);
      break;
    case Kind::uint16:
      reading.type = MYRIAD_U64;
      reading.value.u64 = registers_[row.image];
      break;
    case Kind::number:
      if (!decode(points_[row.point].format, &registers_[row.image], reading)) {
        reading.type = MYRIAD_F64;
        reading.quality = MYRIAD_BAD;
        reading.value.f64 = finite_[slot];
      } else if (reading.type == MYRIAD_F64) {
        finite_[slot] = reading.value.f64;
      }
      break;
    case Kind::text:
      decode_text(points_[row.point].format, &registers_[row.image], text_);
      batch.add(row.id, time_ns, std::string_view(text_), quality);
      return;
  }
  batch.add(reading);
}

void Image::add_nothing(const Row& row, std::int64_t time_ns, myriad::Batch& batch) const {
  if (row.kind == Kind::text) return batch.add(row.id, time_ns, "", MYRIAD_BAD);
  batch.add({time_ns, row.id, value_type(points_[row.point].format), MYRIAD_BAD, {}});
}

void Image::add_good(const Request& request, std::int64_t time_ns, myriad::Batch& batch) {
  const auto count = request.last - request.first;
  std::fill_n(seen_.begin() + request.first, count, std::uint8_t{1});
  std::fill_n(bad_.begin() + request.first, count, std::uint8_t{0});
  for (auto slot = request.first; slot < request.last; ++slot) add(slot, time_ns, MYRIAD_GOOD, batch);
}

bool Image::add_bad(const Request& request, std::int64_t time_ns, myriad::Batch& batch) {
  bool any = false;
  for (auto slot = request.first; slot < request.last; ++slot) {
    if (std::exchange(bad_[slot], std::uint8_t{1})) continue;
    any = true;
    if (seen_[slot])
      add(slot, time_ns, MYRIAD_BAD, batch);
    else
      add_nothing(rows_[slot], time_ns, batch);
  }
  return any;
}

void Image::add_written(std::size_t point, std::span<const std::uint16_t> words, std::int64_t time_ns,
                        myriad::Batch& batch) {
  const auto slot = slot_of_[point];
  const Row& row = rows_[slot];
  for (std::size_t i = 0; i < words.size(); ++i)
    if (row.kind == Kind::bit)
      bits_[row.image + i] = words[i] != 0;
    else
      registers_[row.image + i] = words[i];
  seen_[slot] = 1;
  bad_[slot] = 0;
  add(slot, time_ns, MYRIAD_GOOD, batch);
}

}  // namespace modbus
