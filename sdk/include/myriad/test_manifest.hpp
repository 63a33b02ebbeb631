// What a test of a plugin folder checks about its manifest, sample and README. Needs nlohmann-json.
//
//   for (const auto& problem : myriad::folder_problems(PLUGIN_DIR)) ADD_FAILURE() << problem;
//
// Pure but for reading the folder's files. Every problem names its place and the mend.
#ifndef MYRIAD_TEST_MANIFEST_HPP
#define MYRIAD_TEST_MANIFEST_HPP

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace myriad {

using Problems = std::vector<std::string>;

inline std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Options of `value` that the schema does not know, at any depth: misspelt, or left over.
inline Problems unknown_options(const nlohmann::json& schema, const nlohmann::json& value, const std::string& at = "") {
  Problems problems;
  const auto go_on = [&](const nlohmann::json& below, const nlohmann::json& item, const std::string& key) {
    for (auto& problem : unknown_options(below, item, at + "/" + key)) problems.push_back(std::move(problem));
  };
  if (value.is_array() && schema.contains("items"))
    for (std::size_t i = 0; i < value.size(); ++i) go_on(schema["items"], value[i], std::to_string(i));
  if (!value.is_object()) return problems;
  const nlohmann::json known = schema.value("properties", nlohmann::json::object());
  const auto& other = schema.at("additionalProperties");
  for (const auto& [key, item] : value.items()) {
    if (known.contains(key))
      go_on(known[key], item, key);
    else if (other.is_object())
      go_on(other, item, key);
    else
      problems.push_back(at + "/" + key + ": the schema has no such option");
  }
  return problems;
}

namespace detail {

inline bool has_text(const nlohmann::json& field, const char* pointer) {
  const nlohmann::json::json_pointer at(pointer);
  return field.contains(at) && field[at].is_string() && !field[at].get<std::string>().empty();
}

// Visits every named option below `schema`: its name, its own schema.
template <class Visit>
void each_option(const nlohmann::json& schema, const Visit& visit) {
  if (schema.contains("properties"))
    for (const auto& [name, option] : schema["properties"].items()) {
      visit(name, option);
      each_option(option, visit);
    }
  for (const char* below : {"items", "additionalProperties"})
    if (schema.contains(below) && schema[below].is_object()) each_option(schema[below], visit);
}

}  // namespace detail

// Each option has a title and a description in English and Chinese and stands in the README; the sample names known
// options only and stands in the README as it is.
inline Problems folder_problems(const std::string& folder) {
  const auto manifest = nlohmann::json::parse(file_text(folder + "/manifest.json"));
  const std::string readme = file_text(folder + "/README.md"), sample = file_text(folder + "/sample.json");
  const auto& schema = manifest.at("config_schema");
  Problems problems;
  if (folder.substr(folder.rfind('/') + 1) != manifest.at("id"))
    problems.push_back("manifest.json: id should be the folder's name");
  detail::each_option(schema, [&](const std::string& name, const nlohmann::json& option) {
    for (const char* text : {"/title", "/description", "/titles/zh", "/descriptions/zh"})
      if (!detail::has_text(option, text)) problems.push_back("manifest.json: option '" + name + "' lacks " + text);
    if (readme.find("`" + name + "`") == std::string::npos)
      problems.push_back("README.md: name the option `" + name + "` in the table");
  });
  for (const auto& problem : unknown_options(schema, nlohmann::json::parse(sample)))
    problems.push_back("sample.json: " + problem);
  if (readme.find(sample) == std::string::npos) problems.push_back("README.md: show sample.json as it is");
  return problems;
}

}  // namespace myriad
#endif
