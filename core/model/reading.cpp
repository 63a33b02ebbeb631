#include "model/reading.h"

#include <array>
#include <cmath>
#include <string>

namespace myriad::model {
namespace {

constexpr std::array<std::string_view, 4> quality_names{"good", "uncertain", "bad", "stale"};

const char* fault(const BatchView& batch, const Reading& r, std::uint32_t last_point) {
  if (r.time_ns < 0) return "is from before 1970: send UTC nanoseconds since then";
  if (r.point == 0 || r.point > last_point) return "has a point id that intern_point never gave";
  if (r.quality > MYRIAD_STALE) return "has an unknown quality";
  switch (r.type) {
    case MYRIAD_BOOL:
      return r.value.u64 > 1 ? "is a boolean other than 0 or 1" : nullptr;
    case MYRIAD_I64:
    case MYRIAD_U64:
      return nullptr;
    case MYRIAD_F64:
      return std::isfinite(r.value.f64) ? nullptr : "is NaN or infinite: send the last good value with quality bad";
    case MYRIAD_TEXT:
    case MYRIAD_BYTES:
    case MYRIAD_JSON: {
      const auto end = std::uint64_t{r.value.blob.offset} + r.value.blob.size;
      return end <= batch.blob.size() ? nullptr : "points outside its batch's blob";
    }
    default:
      return "has an unknown type";
  }
}

}  // namespace

void Batch::append(BatchView source) {
  const auto base = static_cast<std::uint32_t>(blob.size());
  const auto first = readings.size();
  readings.insert(readings.end(), source.readings.begin(), source.readings.end());
  if (source.blob.empty()) return;
  blob.insert(blob.end(), source.blob.begin(), source.blob.end());
  for (std::size_t i = first; i < readings.size(); ++i)
    if (has_blob(readings[i])) readings[i].value.blob.offset += base;
}

void Batch::append(BatchView source, const Reading& r) {
  readings.push_back(r);
  if (!has_blob(r)) return;
  const auto text = source.text(r);
  readings.back().value.blob.offset = static_cast<std::uint32_t>(blob.size());
  blob.insert(blob.end(), text.begin(), text.end());
}

void Batch::clear() {
  readings.clear();
  blob.clear();
}

std::string_view quality_name(std::uint16_t quality) {
  return quality < quality_names.size() ? quality_names[quality] : "bad";
}

Result<std::uint16_t> parse_quality(std::string_view name) {
  for (std::size_t i = 0; i < quality_names.size(); ++i)
    if (quality_names[i] == name) return static_cast<std::uint16_t>(i);
  return Error{Code::invalid, "quality '" + std::string(name) + "': use good, uncertain, bad or stale", "quality"};
}

Status check(BatchView batch, std::uint32_t last_point) {
  for (std::size_t i = 0; i < batch.readings.size(); ++i)
    if (const char* why = fault(batch, batch.readings[i], last_point))
      return Error{Code::invalid, "reading " + std::to_string(i) + " " + why, "/readings/" + std::to_string(i)};
  return {};
}

}  // namespace myriad::model
