#include "plugin_host/version.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

namespace myriad::plugin_host {
namespace {

// The numbers before the first '-' or '+', and what stands behind a '-'.
struct Version {
  std::vector<std::uint64_t> numbers;
  std::string_view prerelease;
};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  for (auto dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
    out.push_back(text.substr(0, dot));
    text.remove_prefix(dot + 1);
  }
  out.push_back(text);
  return out;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return n;
}

Version version_of(std::string_view text) {
  text = text.substr(0, text.find('+'));
  const auto dash = text.find('-');
  Version out;
  for (const auto part : split(text.substr(0, dash))) out.numbers.push_back(number_of(part).value_or(0));
  if (dash != std::string_view::npos) out.prerelease = text.substr(dash + 1);
  return out;
}

bool is_older_prerelease(std::string_view a, std::string_view b) {
  const auto left = split(a), right = split(b);
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    if (left[i] == right[i]) continue;
    const auto x = number_of(left[i]), y = number_of(right[i]);
    if (x && y) return *x < *y;
    return x || y ? bool(x) : left[i] < right[i];
  }
  return left.size() < right.size();
}

}  // namespace

bool is_older(std::string_view a, std::string_view b) {
  const auto left = version_of(a), right = version_of(b);
  if (left.numbers != right.numbers) return left.numbers < right.numbers;
  if (left.prerelease.empty() || right.prerelease.empty()) return !left.prerelease.empty() && right.prerelease.empty();
  return is_older_prerelease(left.prerelease, right.prerelease);
}

}  // namespace myriad::plugin_host
