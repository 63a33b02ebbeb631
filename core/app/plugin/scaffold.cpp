#include "app/plugin/scaffold.h"

#include <algorithm>
#include <set>

#include "app/plugin/templates.h"

namespace myriad::app::plugin {
namespace {

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// "acme_probe" → "AcmeProbe"
std::string class_name(const std::string& name) {
  std::string out;
  bool begins = true;
  for (const char c : name) {
    if (c != '_') out += begins ? upper(c) : c;
    begins = c == '_';
  }
  return out;
}

// "acme_probe" → "Acme probe"
std::string title(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  name.front() = upper(name.front());
  return name;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

Status check_name(const std::string& name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz", more = "abcdefghijklmnopqrstuvwxyz0123456789_";
  const bool fits = name.size() >= 2 && name.size() <= 64 && letters.find(name.front()) != std::string_view::npos &&
                    name.find_first_not_of(more) == std::string::npos && name.back() != '_';
  if (fits) return {};
  return Error{
      Code::invalid,
      "name '" + name +
          "': use 2 to 64 of a-z, 0-9 and '_', beginning with a letter and not ending with '_', like acme_probe"};
}

}  // namespace

std::vector<std::string> kinds() {
  std::set<std::string> out;
  for (const auto& file : templates()) out.emplace(file.path.substr(0, file.path.find('/')));
  return {out.begin(), out.end()};
}

Result<std::map<std::string, std::string>> scaffold(const std::string& kind, const std::string& name) {
  if (auto ok = check_name(name); !ok) return ok.error();
  std::map<std::string, std::string> files;
  for (const auto& [path, text] : templates()) {
    if (!path.starts_with(kind + "/")) continue;
    const std::string word = "my_" + kind;
    auto filled = replaced(std::string(text), word, name);
    filled = replaced(std::move(filled), class_name(word), class_name(name));
    files[std::string(path.substr(kind.size() + 1))] = replaced(std::move(filled), title(word), title(name));
  }
  if (files.empty()) return Error{Code::invalid, "kind '" + kind + "' is unknown: use device, protocol or analytics"};
  return files;
}

}  // namespace myriad::app::plugin
