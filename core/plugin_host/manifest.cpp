#include "plugin_host/manifest.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/json_depth.h"
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
  if (!folder.empty() && m.id != folder)
    return wrong("/id", "id '" + m.id + "' is in folder '" + std::string(folder) + "': give both the same name");
  const std::string library = m.id + (m.runtime == Runtime::node ? ".mjs" : ".so");
  if (m.library != library)
    return wrong("/library", "library '" + m.library + "' should be '" + library + "' (the id)");
  return {};
}

Status read_runtime(const json& document, Manifest& out) {
  const auto runtime = document.value("runtime", json("native"));
  if (runtime != "native" && runtime != "node")
    return wrong("/runtime",
                 "runtime " + runtime.dump() + " is unknown: use \"native\" (a shared library) or \"node\"");
  out.runtime = runtime == "node" ? Runtime::node : Runtime::native;
  return {};
}

Result<Isolation> read_isolation_at(const json& value, const std::string& field) {
  for (const auto isolation : {Isolation::in_process, Isolation::process})
    if (value == isolation_name(isolation)) return isolation;
  return wrong(field, "isolation " + value.dump() + " is unknown: use \"in_process\" or \"process\"");
}

bool allows(const Manifest& m, Isolation isolation) {
  return std::find(m.isolation_allowed.begin(), m.isolation_allowed.end(), isolation) != m.isolation_allowed.end();
}

Status read_allowed(const json& allowed, Manifest& out) {
  if (!allowed.is_array() || allowed.empty())
    return wrong("/isolation/allowed", "allowed is " + allowed.dump() + ": write a list, like [\"process\"]");
  out.isolation_allowed.clear();
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    const auto isolation = read_isolation_at(allowed[i], "/isolation/allowed/" + std::to_string(i));
    if (!isolation) return isolation.error();
    out.isolation_allowed.push_back(*isolation);
  }
  return {};
}

// Requires the runtime.
Status read_isolation(const json& document, Manifest& out) {
  const auto isolation = document.value("isolation", json::object());
  if (!isolation.is_object())
    return wrong("/isolation", "isolation is " + isolation.dump() + ": write {\"default\", \"allowed\"}");
  if (out.runtime == Runtime::node) out.isolation_allowed = {Isolation::process};
  if (isolation.contains("allowed"))
    if (auto ok = read_allowed(isolation["allowed"], out); !ok) return ok;
  const auto chosen = read_isolation_at(isolation.value("default", json("process")), "/isolation/default");
  if (!chosen) return chosen.error();
  out.isolation = *chosen;
  if (out.runtime == Runtime::node && allows(out, Isolation::in_process))
    return wrong("/isolation/allowed", "a plugin for Node.js runs in a process of its own: allow only \"process\"");
  if (!allows(out, out.isolation))
    return wrong("/isolation/default", "default \"" + std::string(isolation_name(out.isolation)) +
                                           "\" is not in allowed: choose one that is");
  return {};
}

// Semantic Versioning 2.0.0, section 2, 9 and 10.
bool is_semantic_version(const std::string& version) {
  static const re2::RE2 rule(
      R"((0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?)");
  return version.size() <= 64 && re2::RE2::FullMatch(version, rule);
}

Status check_values(const Manifest& m) {
  if (!is_semantic_version(m.version))
    return wrong("/version", "version '" + m.version.substr(0, 64) + "' is no semantic version: write it like 1.2.0");
  constexpr std::array kinds{"device", "protocol", "analytics"};
  if (std::find(kinds.begin(), kinds.end(), m.kind) == kinds.end())
    return wrong("/kind", "kind '" + m.kind + "' is unknown: use device, protocol or analytics");
  if (auto abi = parse_abi(m.abi_built); !abi) return wrong("/abi/built", abi.error().message);
  if (auto abi = parse_abi(m.abi_min); !abi) return wrong("/abi/min", abi.error().message);
  return {};
}

Result<json> parse_object(std::string_view text, const std::string& file) {
  const auto refuse = [&](const char* message) { return Error{Code::invalid, file + ": " + message}; };
  if (is_deep_json(text)) return refuse("it is nested deeper than 64 levels: make it flatter");
  auto document = json::parse(text, nullptr, false);
  if (document.is_discarded()) return refuse("this is not JSON: check for a missing comma or quote");
  if (!document.is_object()) return refuse("this is no JSON object: write { … }");
  return document;
}

// From the package's schema.json when it has one.
Status read_schema(const json& document, std::string_view schema, Manifest& out) {
  if (schema.empty()) {
    out.config_schema = document.value("config_schema", json());
    if (out.config_schema.is_object()) return {};
    return wrong("/config_schema",
                 "config_schema is missing: write a JSON Schema (draft 7) object, or add schema.json");
  }
  auto parsed = parse_object(schema, "schema.json");
  if (!parsed) return parsed.error();
  out.config_schema = *std::move(parsed);
  return {};
}

Status read_permissions(const json& document, Manifest& out) {
  auto permissions = plugin_runner::parse_permissions(document.value("permissions", json()));
  if (!permissions) return wrong(permissions.error().field, permissions.error().message);
  out.permissions = *std::move(permissions);
  return {};
}

Status check_migration(const json& migration, const std::string& at) {
  if (!migration.is_object() || !migration.contains("before") || !migration["before"].is_string() ||
      !is_semantic_version(migration["before"].get_ref<const std::string&>()))
    return wrong(at + "/before", at + "/before: write the version that brought the change, like \"2.0.0\"");
  if (!migration.contains("patch") || !migration["patch"].is_array())
    return wrong(at + "/patch", at + "/patch: write a JSON Patch (RFC 6902), a list of operations");
  return {};
}

// How the configuration of an older version becomes one of this (lifecycle.h).
Status check_migrations(const json& document) {
  constexpr std::size_t most_operations = 1'000;
  const auto migrations = document.value("migrations", json::array());
  if (!migrations.is_array()) return wrong("/migrations", "migrations is no list: write [{\"before\", \"patch\"}]");
  std::size_t operations = 0;
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    if (auto ok = check_migration(migrations[i], "/migrations/" + std::to_string(i)); !ok) return ok;
    operations += migrations[i]["patch"].size();
  }
  if (operations <= most_operations) return {};
  return wrong("/migrations", "migrations has over 1000 operations: drop those of the oldest versions");
}

Status read_lists(const json& document, Manifest& out) {
  for (const auto& item : document.value("provides", json::array())) {
    if (!item.is_string()) return wrong("/provides", "provides holds " + item.dump() + ": write extension ids");
    out.provides.push_back(item.get<std::string>());
  }
  return {};
}

}  // namespace

std::string_view isolation_name(Isolation isolation) {
  switch (isolation) {
    case Isolation::in_process:
      return "in_process";
    case Isolation::process:
      return "process";
  }
  return "";
}

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

Result<Manifest> parse_manifest(std::string_view text, std::string_view folder, std::string_view schema) {
  auto parsed = parse_object(text, "manifest.json");
  if (!parsed) return parsed.error();
  auto& document = *parsed;
  Manifest out;
  if (auto ok = read_texts(document, out); !ok) return ok.error();
  if (auto ok = read_runtime(document, out); !ok) return ok.error();
  if (auto ok = check_id(out, folder); !ok) return ok.error();
  if (auto ok = check_values(out); !ok) return ok.error();
  if (auto ok = read_isolation(document, out); !ok) return ok.error();
  if (auto ok = read_permissions(document, out); !ok) return ok.error();
  if (auto ok = read_lists(document, out); !ok) return ok.error();
  if (auto ok = check_migrations(document); !ok) return ok.error();
  if (auto ok = read_schema(document, schema, out); !ok) return ok.error();
  if (!schema.empty()) document["config_schema"] = out.config_schema;
  out.document = std::move(document);
  return out;
}

}  // namespace myriad::plugin_host
