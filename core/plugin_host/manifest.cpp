#include "plugin_host/manifest.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <regex>

#include "base/names.h"

namespace myriad::plugin_host {
namespace {

using nlohmann::json;

Error wrong(std::string field, std::string message) {
  return {Code::invalid, "manifest.json: " + message, std::move(field)};
}

Result<std::string> text_at(const json& document, const char* pointer) {
  const json::json_pointer at(pointer);
  if (!document.contains(at)) return wrong(pointer, std::string(pointer) + " is missing: add it");
  if (!document[at].is_string())
    return wrong(pointer, std::string(pointer) + " is " + document[at].dump() + ": write text");
  return document[at].get<std::string>();
}

Status read_texts(const json& document, Manifest& out) {
  const std::array<std::pair<const char*, std::string*>, 6> fields{{{"/id", &out.id},
                                                                    {"/version", &out.version},
                                                                    {"/kind", &out.kind},
                                                                    {"/library", &out.library},
                                                                    {"/abi/built", &out.abi_built},
                                                                    {"/abi/min", &out.abi_min}}};
  for (const auto& [pointer, target] : fields) {
    auto text = text_at(document, pointer);
    if (!text) return text.error();
    *target = *std::move(text);
  }
  return {};
}

Status check_id(const Manifest& m, std::string_view folder) {
  if (!is_slug(m.id)) return wrong("/id", "id '" + m.id + "' is no slug: use letters, digits, '_', '-', '.', '~'");
  if (m.id != folder)
    return wrong("/id", "id '" + m.id + "' is in folder '" + std::string(folder) + "': give both the same name");
  if (m.library != m.id + ".so")
    return wrong("/library", "library '" + m.library + "' should be '" + m.id + ".so' (the id)");
  return {};
}

// Semantic Versioning 2.0.0, section 2, 9 and 10.
bool is_semantic_version(const std::string& version) {
  static const std::regex rule(
      R"((0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?)");
  return std::regex_match(version, rule);
}

Status check_values(const Manifest& m) {
  if (!is_semantic_version(m.version))
    return wrong("/version", "version '" + m.version + "' is no semantic version: write it like 1.2.0");
  constexpr std::array kinds{"device", "protocol", "analytics"};
  if (std::find(kinds.begin(), kinds.end(), m.kind) == kinds.end())
    return wrong("/kind", "kind '" + m.kind + "' is unknown: use device, protocol or analytics");
  if (auto abi = parse_abi(m.abi_built); !abi) return wrong("/abi/built", abi.error().message);
  if (auto abi = parse_abi(m.abi_min); !abi) return wrong("/abi/min", abi.error().message);
  return {};
}

Status read_permissions(const json& document, Manifest& out) {
  auto permissions = plugin_runner::parse_permissions(document.value("permissions", json()));
  if (!permissions) return wrong(permissions.error().field, permissions.error().message);
  out.permissions = *std::move(permissions);
  return {};
}

Status read_lists(const json& document, Manifest& out) {
  for (const auto& item : document.value("provides", json::array())) {
    if (!item.is_string()) return wrong("/provides", "provides holds " + item.dump() + ": write extension ids");
    out.provides.push_back(item.get<std::string>());
  }
  out.config_schema = document.value("config_schema", json());
  if (!out.config_schema.is_object())
    return wrong("/config_schema", "config_schema is missing: write a JSON Schema (draft 7) object");
  return {};
}

}  // namespace

Result<std::uint32_t> parse_abi(std::string_view text) {
  std::uint16_t major = 0, minor = 0;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, major);
  const bool dot = first.ec == std::errc() && first.ptr != end && *first.ptr == '.';
  const auto second = dot ? std::from_chars(first.ptr + 1, end, minor) : first;
  if (!dot || second.ec != std::errc() || second.ptr != end)
    return Error{Code::invalid, "ABI version '" + std::string(text) + "': write <major>.<minor>, like 1.0"};
  return static_cast<std::uint32_t>(major) << 16 | minor;
}

std::string abi_text(std::uint32_t abi) {
  return std::to_string(abi >> 16) + "." + std::to_string(abi & 0xffff);
}

Result<Manifest> parse_manifest(std::string_view text, std::string_view folder) {
  auto document = json::parse(text, nullptr, false);
  if (document.is_discarded()) return wrong("", "this is not JSON: check for a missing comma or quote");
  if (!document.is_object()) return wrong("", "this is no JSON object: write { … }");
  Manifest out;
  if (auto ok = read_texts(document, out); !ok) return ok.error();
  if (auto ok = check_id(out, folder); !ok) return ok.error();
  if (auto ok = check_values(out); !ok) return ok.error();
  if (auto ok = read_permissions(document, out); !ok) return ok.error();
  if (auto ok = read_lists(document, out); !ok) return ok.error();
  out.document = std::move(document);
  return out;
}

}  // namespace myriad::plugin_host
