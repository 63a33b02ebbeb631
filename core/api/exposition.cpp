#include "api/exposition.h"

#include <array>
#include <charconv>
#include <cmath>

namespace myriad::api {
namespace {

std::string metric_name(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    const bool fine =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
    if (!fine) c = '_';
  }
  if (out.empty() || (out[0] >= '0' && out[0] <= '9')) out.insert(out.begin(), '_');
  return out;
}

// Backslash and line feed always; quotes only within a label.
std::string escape(std::string_view text, bool label) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && label)
      out += "\\\"";
    else
      out += c;
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

}  // namespace

void Exposition::add(std::string_view raw_name, std::string_view type, std::string_view help, double value,
                     Labels labels) {
  const std::string name = metric_name(raw_name);
  auto& family = families_[name];
  if (family.head.empty())
    family.head = "# HELP " + name + ' ' + escape(help, false) + "\n# TYPE " + name + ' ' + std::string(type) + '\n';
  family.samples += name;
  char before = '{';
  for (const auto& [label, text] : labels) {
    family.samples += before + metric_name(label) + "=\"" + escape(text, true) + '"';
    before = ',';
  }
  family.samples += (before == ',' ? "} " : " ") + number(value) + '\n';
}

std::string Exposition::text() const {
  std::string out;
  for (const auto& [name, family] : families_) out += family.head + family.samples;
  return out;
}

}  // namespace myriad::api
