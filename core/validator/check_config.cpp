// Configurations that no schema would let through: create() answers a status with a message, and nothing breaks.
#include <algorithm>

#include "validator/check.h"
#include "validator/trial.h"

namespace myriad::validator {
namespace {

using nlohmann::json;

constexpr std::size_t mib = 1 << 20, max_places = 60;

struct Hostile {
  std::string name, text;
  bool is_config = true;  // false: no JSON object, so that it should be refused
};

std::string nested(const std::string& open, const std::string& close, std::size_t depth, const std::string& core) {
  std::string out;
  for (std::size_t i = 0; i < depth; ++i) out += open;
  out += core;
  for (std::size_t i = 0; i < depth; ++i) out += close;
  return out;
}

std::vector<Hostile> no_objects(const std::string& sample) {
  return {{"an empty text", "", false},
          {"a blank", " ", false},
          {"null", "null", false},
          {"a number", "7", false},
          {"an array", "[]", false},
          {"a text", "\"text\"", false},
          {"what is no JSON", "{interval_ms: 7", false},
          {"half of a configuration", sample.substr(0, sample.size() / 2), false},
          {"a configuration with a NUL within", sample.substr(0, sample.size() / 3) + '\0' + sample, false},
          {"1 MiB of brackets", std::string(mib, '['), false},
          {"1 MiB of one letter", std::string(mib, 'a'), false},
          {"100,000 nested arrays", nested("[", "]", 100'000, "1"), false}};
}

std::vector<Hostile> odd_objects(const std::string& sample) {
  return {{"an empty object", "{}"},
          {"broken UTF-8", "{\"thing\":\"\xc3\x28\xff\xfe\"}"},
          {"an object of unknown options", R"({"no_such_option":{"a":[1,2,{"b":null}]}})"},
          {"10,000 nested objects", nested("{\"a\":", "}", 10'000, "1")},
          {"1 MiB of blanks", "{" + std::string(mib, ' ') + "}"},
          {"the configuration with 1 MiB of text besides",
           sample.substr(0, sample.rfind('}')) + ",\"no_such_option\":\"" + std::string(mib, 'x') + "\"}"}};
}

void collect_places(const json& value, const std::string& at, std::vector<std::string>& out) {
  if (!at.empty()) out.push_back(at);
  if (!value.is_structured()) return;
  const json flat = value;
  std::size_t index = 0;
  for (const auto& [key, item] : flat.items()) {
    if (value.is_array() && index++ == 2) break;  // two items stand for all
    std::string escaped;
    for (const char c : key) escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    collect_places(item, at + "/" + escaped, out);
  }
}

// The configuration with one value replaced by what has another type, or is far too long.
std::vector<Hostile> wrong_values(const json& config) {
  std::vector<std::string> places;
  collect_places(config, "", places);
  if (places.size() > max_places) places.resize(max_places);
  const std::vector<std::pair<std::string, json>> values{{"null", nullptr},
                                                         {"a number", 7.5},
                                                         {"true", true},
                                                         {"an empty text", ""},
                                                         {"a text with a NUL", std::string("a\0b", 3)},
                                                         {"a text of 64 KiB", std::string(64 << 10, 'x')},
                                                         {"an array", json::array({1, "a", nullptr})},
                                                         {"an object", {{"a", 1}}}};
  std::vector<Hostile> out;
  for (const auto& place : places)
    for (const auto& [name, value] : values) {
      json changed = config;
      changed[json::json_pointer(place)] = value;
      out.push_back({name + " at " + place, changed.dump()});
    }
  return out;
}

void try_one(const Subject& subject, const Hostile& hostile, Judge& judge) {
  Trial trial(subject, judge);
  const auto created = trial.create(hostile.text, "create() with " + hostile.name);
  if (!created.ok() && created.message.empty())
    judge.fail("create() refuses " + hostile.name + " without saying why",
               "fill myriad_error.message with the value at fault and the remedy");
  if (created.ok() && !hostile.is_config)
    judge.warn("create() takes " + hostile.name, "answer INVALID when the configuration does not parse");
  if (!created.ok() && created.status != MYRIAD_E_INVALID)
    judge.warn("create() refuses " + hostile.name + " with '" + created.text() + "'",
               "answer INVALID: any other status makes the daemon try again");
}

}  // namespace

void check_config(const Subject& subject, Judge& judge) {
  const auto sample = subject.config.dump();
  for (const auto& list : {no_objects(sample), odd_objects(sample), wrong_values(subject.config)})
    for (const auto& hostile : list) try_one(subject, hostile, judge);
}

}  // namespace myriad::validator
