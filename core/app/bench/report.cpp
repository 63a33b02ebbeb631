#include "app/bench/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace myriad::app::bench {
namespace {

// 4 digits say all that a benchmark knows; large numbers with separators.
std::string shown(double value) {
  char text[64];
  const double size = std::fabs(value);
  std::snprintf(text, sizeof text, "%.*f", size >= 1'000 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3, value);
  std::string out = text;
  const auto digits = static_cast<std::ptrdiff_t>(std::min(out.find('.'), out.size()));
  for (std::ptrdiff_t at = digits - 3; at > (value < 0 ? 1 : 0); at -= 3)
    out.insert(static_cast<std::size_t>(at), 1, ',');
  return out;
}

// Four decimals at most, and none that say nothing.
nlohmann::ordered_json number_of(double value) {
  const double rounded = std::round(value * 1e4) / 1e4;
  if (rounded == std::trunc(rounded) && std::fabs(rounded) < 1e15) return static_cast<std::int64_t>(rounded);
  return rounded;
}

}  // namespace

void Report::add(std::string key, double value, std::string unit, std::string what) {
  figures_.push_back({std::move(key), value, std::move(unit), std::move(what)});
}

void Report::add(std::string key, std::string value, std::string what) {
  figures_.push_back({std::move(key), std::move(value), "", std::move(what)});
}

std::string Report::text() const {
  std::string out;
  for (const auto& figure : figures_) {
    if (figure.what.empty()) continue;
    const auto* number = std::get_if<double>(&figure.value);
    const std::string value = number ? shown(*number) : std::get<std::string>(figure.value);
    char line[256];
    std::snprintf(line, sizeof line, "%-52s %14s %s\n", figure.what.c_str(), value.c_str(), figure.unit.c_str());
    out += line;
  }
  return out;
}

std::string Report::json() const {
  nlohmann::ordered_json out;
  for (const auto& figure : figures_) {
    if (const auto* number = std::get_if<double>(&figure.value))
      out[figure.key] = number_of(*number);
    else
      out[figure.key] = std::get<std::string>(figure.value);
  }
  return out.dump();
}

}  // namespace myriad::app::bench
