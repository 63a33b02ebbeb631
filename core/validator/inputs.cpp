#include "validator/inputs.h"

#include <cstring>

#include "base/names.h"

namespace myriad::validator {
namespace {

// A name that the pattern matches.
std::string example_of(const std::string& pattern, const std::string& filler) {
  if (pattern == "*") return filler + "/" + filler;
  std::string out;
  for (const char c : pattern) out += c == '*' ? filler : std::string(1, c);
  return out;
}

}  // namespace

Inputs Inputs::selected(TrialHost& host, std::uint64_t seed) {
  std::vector<Point> points;
  for (const auto& pattern : host.patterns())
    for (const char* filler : {"x", "y7"}) {
      const auto name = example_of(pattern, filler);
      const auto parts = split_point(name);
      if (is_slug(parts.thing) && is_slug(parts.property)) points.push_back({host.point(name), ""});
    }
  return {std::move(points), seed};
}

Inputs Inputs::writable(TrialHost& host, std::uint64_t seed) {
  std::vector<Point> points;
  for (const auto& p : host.properties())
    if (p.writable) points.push_back({host.point(p.thing + "/" + p.property), p.type});
  return {std::move(points), seed};
}

void Inputs::set_text(myriad_reading& r, std::uint16_t type, const std::string& text) {
  r.type = type;
  r.value.blob = {static_cast<std::uint32_t>(blob_.size()), static_cast<std::uint32_t>(text.size())};
  blob_ += text;
}

myriad_reading Inputs::make(const Point& point) {
  myriad_reading r{};
  r.time_ns = time_ns_ += 1'000'000'000;
  r.point = point.id;
  r.quality = random_() % 8 == 0 ? MYRIAD_UNCERTAIN : MYRIAD_GOOD;
  const auto number = static_cast<std::int64_t>(random_() % 2001) - 1000;
  const auto kind = point.type.empty() ? random_() % 8 : 8;
  if (point.type == "boolean" || kind == 0) {
    r.type = MYRIAD_BOOL;
    r.value.i64 = number & 1;
  } else if (point.type == "string" || kind == 1) {
    set_text(r, MYRIAD_TEXT, "text " + std::to_string(number));
  } else if (point.type == "object" || point.type == "array" || kind == 2) {
    set_text(r, MYRIAD_JSON, point.type == "array" ? "[1,2]" : R"({"a":1})");
  } else if (point.type == "integer" || kind == 3) {
    r.type = MYRIAD_I64;
    r.value.i64 = number;
  } else if (kind == 4) {
    r.type = MYRIAD_U64;
    r.value.u64 = static_cast<std::uint64_t>(number + 1000);
  } else {
    r.type = MYRIAD_F64;
    r.value.f64 = static_cast<double>(number) / 8;
  }
  return r;
}

const myriad_batch& Inputs::next(std::uint32_t count, std::uint32_t stride) {
  blob_.clear();
  const auto words = stride / sizeof(std::uint64_t);
  readings_.assign(count * words, 0x5a5a'5a5a'5a5a'5a5a);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto r = make(points_[random_() % points_.size()]);
    std::memcpy(&readings_[i * words], &r, sizeof r);
  }
  batch_ = {sizeof batch_,
            stride,
            reinterpret_cast<const myriad_reading*>(readings_.data()),
            reinterpret_cast<const std::uint8_t*>(blob_.data()),
            count,
            static_cast<std::uint32_t>(blob_.size()),
            sequence_ += count};
  lent_ = readings_;
  lent_blob_ = blob_;
  return batch_;
}

bool Inputs::changed() const {
  return readings_ != lent_ || blob_ != lent_blob_;
}

}  // namespace myriad::validator
