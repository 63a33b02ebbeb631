#include "plugin_host/package_places.h"

#include <algorithm>
#include <array>

#include "base/names.h"

namespace myriad::plugin_host {
namespace {

constexpr const char* mend = ": pack the plugin's folder again with 'myriad plugin pack'";
constexpr std::size_t name_max = 255;

Error refused(std::string_view name, const std::string& why) {
  return {Code::invalid, "entry '" + shown(name) + "' " + why};
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool climbs(std::string_view name) {
  while (!name.empty()) {
    const auto slash = std::min(name.find('/'), name.size());
    const auto part = name.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return true;
    name.remove_prefix(std::min(slash + 1, name.size()));
  }
  return false;
}

Status check_name(std::string_view name) {
  if (name.empty()) return Error{Code::invalid, std::string("an entry has no name") + mend};
  if (name.size() > name_max) return refused(name, "has a name over 255 bytes: shorten it");
  if (std::any_of(name.begin(), name.end(), is_control))
    return refused(name, std::string("has a control character in its name") + mend);
  if (name.find('\\') != std::string_view::npos)
    return refused(name, std::string("has a backslash in its name") + mend);
  if (name.front() == '/') return refused(name, std::string("is an absolute name") + mend);
  if (climbs(name)) return refused(name, std::string("has an empty part, '.' or '..' in its name") + mend);
  return {};
}

bool all(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.size() <= 40 && text.find_first_not_of(allowed) == std::string_view::npos;
}

// As `uname -m` writes it.
bool is_architecture(std::string_view text) {
  return all(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

// A language tag (BCP 47), as far as a file's name goes.
bool is_language(std::string_view text) {
  return all(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
}

// What stands between both ends of a name; empty when they do not fit.
std::string_view between(std::string_view name, std::string_view begin, std::string_view end) {
  if (name.size() <= begin.size() + end.size() || !name.starts_with(begin) || !name.ends_with(end)) return {};
  return name.substr(begin.size(), name.size() - begin.size() - end.size());
}

bool is_library(std::string_view name) {
  const auto inner = between(name, "lib/", ".so");
  const auto slash = inner.find('/');
  return slash != std::string_view::npos && is_architecture(inner.substr(0, slash)) && is_slug(inner.substr(slash + 1));
}

bool is_known_folder(std::string_view name) {
  return name == "lib" || name == "translations" || is_architecture(between(name, "lib/", ""));
}

Error no_place(std::string_view name) {
  return refused(name,
                 "has no place in a package: leave it out (a package holds manifest.json, schema.json, "
                 "lib/<architecture>/<id>.so or <id>.mjs, translations/<language>.json, icon.svg, icon.png, README.md, "
                 "sample.json and LICENSE)");
}

}  // namespace

Result<Place> place_of(std::string_view name, bool is_folder) {
  if (is_folder && name.size() > 1 && name.ends_with('/')) name.remove_suffix(1);
  if (auto ok = check_name(name); !ok) return ok.error();
  if (is_folder) return is_known_folder(name) ? Result<Place>(Place::folder) : no_place(name);
  if (name == "manifest.json") return Place::manifest;
  if (name == "schema.json") return Place::schema;
  constexpr std::array<std::string_view, 5> extras{"icon.svg", "icon.png", "README.md", "sample.json", "LICENSE"};
  if (std::find(extras.begin(), extras.end(), name) != extras.end()) return Place::extra;
  if (is_library(name)) return Place::library;
  if (is_slug(between(name, "", ".mjs"))) return Place::script;
  if (is_language(between(name, "translations/", ".json"))) return Place::translation;
  return no_place(name);
}

Status NamesSeen::add(std::string_view name) {
  std::string folded(name);
  if (folded.ends_with('/')) folded.pop_back();
  for (char& c : folded)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (folded_.insert(std::move(folded)).second) return {};
  return refused(name, "comes twice (letter case does not count): leave one out");
}

std::string shown(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (out.size() >= 120) return out + "…";
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (is_control(c) || byte >= 0x80)
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    else
      out += c;
  }
  return out;
}

}  // namespace myriad::plugin_host
