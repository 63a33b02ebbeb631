// What POST /readings parses: the first byte chooses a document or lines. Everything accepted must keep the rules of
// readings.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/readings_json.h"
#include "base/names.h"

using namespace myriad;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const api::Incoming& reading) {
  require(!split_point(reading.point).thing.empty());
  require(reading.sample.time >= 0);
  require(reading.sample.quality <= MYRIAD_STALE);
  if (const auto* number = std::get_if<double>(&reading.sample.value)) require(std::isfinite(*number));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    if (const auto readings = api::parse_readings(text, 1))
      for (const auto& reading : *readings) check(reading);
    return 0;
  }
  const auto lines = api::parse_reading_lines(text, 1);
  require(lines.readings.size() == lines.line_of.size());
  for (const auto& reading : lines.readings) check(reading);
  return 0;
}
