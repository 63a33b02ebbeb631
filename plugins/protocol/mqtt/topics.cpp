#include "topics.h"

#include <mosquitto.h>

#include <algorithm>
#include <cctype>
#include <myriad/plugin.hpp>

namespace mqtt {
namespace {

constexpr std::size_t longest_slug = 128;

// "{12}" at `at` → 12; 0 when there is no such thing. At most two digits: no filter has a hundred wildcards.
int capture_at(std::string_view text, std::size_t at, std::size_t& size) {
  std::size_t i = at + 1;
  int n = 0;
  for (; i < text.size() && i <= at + 2 && std::isdigit(static_cast<unsigned char>(text[i])); ++i)
    n = n * 10 + (text[i] - '0');
  if (i == at + 1 || i >= text.size() || text[i] != '}') return 0;
  size = i + 1 - at;
  return n;
}

// A broker strips "$share/<group>/" before it matches.
std::string_view unshared(std::string_view filter) {
  if (!filter.starts_with("$share/")) return filter;
  const auto slash = filter.find('/', 7);
  return slash == std::string_view::npos ? filter : filter.substr(slash + 1);
}

std::string_view take_level(std::string_view& rest) {
  const auto slash = rest.find('/');
  const auto level = rest.substr(0, slash);
  rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  return level;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool is_mark(char c) {
  return c == '.' || c == '~' || c == '-';
}
bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

Template::Template(std::string text) : text_(std::move(text)) {
  std::string plain;
  for (std::size_t i = 0; i < text_.size();) {
    std::size_t size = 1;
    const int n = text_[i] == '{' ? capture_at(text_, i, size) : 0;
    if (n == 0) {
      plain += text_[i++];
      continue;
    }
    pieces_.push_back({std::exchange(plain, {}), 0});
    pieces_.push_back({{}, n});
    highest_ = std::max(highest_, n);
    i += size;
  }
  pieces_.push_back({plain, 0});
}

std::string Template::fill(const std::vector<std::string_view>& captures) const {
  std::string out;
  for (const auto& piece : pieces_)
    out += piece.capture ? captures.at(static_cast<std::size_t>(piece.capture) - 1) : std::string_view(piece.text);
  return out;
}

int count_wildcards(std::string_view filter) {
  auto rest = unshared(filter);
  int n = 0;
  while (!rest.empty()) {
    const auto level = take_level(rest);
    n += level == "+" || level == "#";
  }
  return n;
}

std::optional<std::vector<std::string_view>> match(const std::string& filter, const std::string& topic) {
  auto pattern = unshared(filter);
  bool matches = false;
  // `pattern` is a tail of `filter`, so both end with NUL.
  const auto rc = mosquitto_topic_matches_sub(pattern.data(), topic.c_str(), &matches);
  if (rc != MOSQ_ERR_SUCCESS || !matches) return std::nullopt;
  std::vector<std::string_view> captures;
  std::string_view rest = topic;
  while (!pattern.empty()) {
    const auto level = take_level(pattern);
    if (level == "#") {
      captures.push_back(rest);
      break;
    }
    const auto value = take_level(rest);
    if (level == "+") captures.push_back(value);
  }
  return captures;
}

std::string slug(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (is_continuation(c)) continue;
    out += is_letter(c) || (is_mark(c) && !out.empty()) ? c : '_';
  }
  if (out.empty()) throw myriad::Failure(MYRIAD_E_INVALID, "the name made from the topic is empty");
  if (out.size() > longest_slug)
    throw myriad::Failure(MYRIAD_E_INVALID, "the name '" + out.substr(0, 32) + "…' has more than 128 bytes");
  return out;
}

std::string fill_topic(std::string_view topic, std::string_view thing, std::string_view property) {
  std::string out;
  while (!topic.empty()) {
    if (topic.starts_with("{thing}")) {
      out += thing;
      topic.remove_prefix(7);
    } else if (topic.starts_with("{property}")) {
      out += property;
      topic.remove_prefix(10);
    } else {
      out += topic.front();
      topic.remove_prefix(1);
    }
  }
  return out;
}

bool matches_pattern(std::string_view pattern, std::string_view point) {
  if (pattern == "*") return true;
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < point.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == point[t]) {
      ++p, ++t;
    } else if (star != std::string_view::npos && point[mark] != '/') {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace mqtt
