#include <nlohmann/json.hpp>

#include "plugin_host/manifest.h"
#include "plugin_host/schema.h"
#include "validator/check.h"

namespace myriad::validator {
namespace {

using nlohmann::json;

bool has_text(const json& document, const char* pointer) {
  const json::json_pointer at(pointer);
  return document.contains(at) && document[at].is_string() && !document[at].get<std::string>().empty();
}

void judge_fields(const json& document, Judge& judge) {
  if (!has_text(document, "/titles/en"))
    judge.fail("/titles/en is missing", R"(add "titles": {"en": "…"}: the console shows it)");
  if (!has_text(document, "/licence"))
    judge.fail("/licence is missing", R"(add "licence": "…", as an SPDX identifier where there is one)");
  if (!document.contains("permissions"))
    judge.fail(
        "/permissions is missing",
        R"(add "permissions": {"network": [], "serial": [], "files": [], "things": "own"} with what it touches)");
  if (!has_text(document, "/descriptions/en"))
    judge.warn("/descriptions/en is missing", R"(add "descriptions": {"en": "…"}: one sentence for people)");
  if (!document.contains("isolation"))
    judge.warn("/isolation is missing",
               R"(add "isolation": {"default": "process", "allowed": ["in_process", "process"]})");
  if (!has_text(document, "/stability"))
    judge.warn("/stability is missing", R"(add "stability": "alpha", "beta" or "stable")");
  if (!document.contains("owners") || !document["owners"].is_array() || document["owners"].empty())
    judge.warn("/owners is missing", R"(add "owners": ["…"]: who answers for it)");
}

void judge_provides(const plugin_host::Manifest& m, Judge& judge) {
  if (m.provides.empty())
    judge.fail("/provides names no extension", R"(list what it serves, for instance "provides": ["myriad.device/1"])");
  if (m.abi_built.empty() || m.abi_min.empty()) return;
  const auto built = plugin_host::parse_abi(m.abi_built), min = plugin_host::parse_abi(m.abi_min);
  if (built && min && *min > *built)
    judge.fail("/abi/min " + m.abi_min + " is newer than /abi/built " + m.abi_built,
               "min is the oldest ABI that it works with: at most what it was built with");
  if (min && *min > MYRIAD_ABI)
    judge.fail("it asks for ABI " + m.abi_min + ", this Myriad has " + plugin_host::abi_text(MYRIAD_ABI),
               "upgrade Myriad, or build the plugin for an older ABI");
}

// Options of `value` that the schema does not name, where it names some: misspelt, or left over.
void judge_unknown(const json& schema, const json& value, const std::string& at, Judge& judge) {
  if (!schema.is_object()) return;
  if (value.is_array() && schema.contains("items"))
    for (std::size_t i = 0; i < value.size(); ++i)
      judge_unknown(schema["items"], value[i], at + "/" + std::to_string(i), judge);
  if (!value.is_object() || !schema.contains("properties") || !schema["properties"].is_object()) return;
  for (const auto& [key, item] : value.items()) {
    if (schema["properties"].contains(key))
      judge_unknown(schema["properties"][key], item, at + "/" + key, judge);
    else if (!schema.contains("additionalProperties") && !schema.contains("patternProperties"))
      judge.warn("sample.json: the schema does not know " + at + "/" + key,
                 "name it in the schema, or leave it out; \"additionalProperties\": false refuses misspelt options");
  }
}

}  // namespace

void check_manifest(const Place& place, Judge& judge) {
  const auto manifest = read_manifest(place);
  if (!manifest)
    return judge.give_up(manifest.error().message, "mend manifest.json; docs/plugin-guide.md says what belongs in it");
  judge_provides(*manifest, judge);
  judge_fields(manifest->document, judge);
}

void check_schema(const Place& place, Judge& judge) {
  const auto manifest = read_manifest(place);
  if (!manifest) return judge.give_up(manifest.error().message, "mend manifest.json");
  if (const auto schema = plugin_host::Schema::compile(manifest->config_schema); !schema)
    return judge.give_up(schema.error().message, "mend config_schema: JSON Schema, draft 7");
  const auto config = choose_config(place, *manifest);
  if (!config)
    return judge.give_up(config.error().message,
                         "add sample.json, a configuration that fits the schema: the checks run with it");
  judge.note(config->from_sample ? "checked with sample.json"
                                 : "checked with a configuration made from the schema: " + config->value.dump());
  if (!config->from_sample) return;
  const auto sample = read_text(place.folder / "sample.json");
  if (sample) judge_unknown(manifest->config_schema, json::parse(*sample, nullptr, false), "", judge);
}

}  // namespace myriad::validator
