#include "config.h"

#include <algorithm>
#include <array>
#include <set>

#include "myriad/config.hpp"

namespace simulator {
namespace {

using Node = myriad::Config;

constexpr std::size_t most_things = 100'000;

// The enumerator that a word of the schema's enum stands for.
template <class T, std::size_t N>
T word(const Node& node, std::string_view key, const std::array<std::pair<std::string_view, T>, N>& words) {
  const auto text = node.get<std::string>(key);
  for (const auto& [name, value] : words)
    if (name == text) return value;
  throw node.at(key).wrong("'" + text + "' is not one of the choices");
}

constexpr std::array<std::pair<std::string_view, Type>, 4> types = {
    {{"number", Type::number}, {"integer", Type::integer}, {"boolean", Type::boolean}, {"string", Type::text}}};
constexpr std::array<std::pair<std::string_view, Shape>, 6> shapes = {{{"sine", Shape::sine},
                                                                       {"ramp", Shape::ramp},
                                                                       {"square", Shape::square},
                                                                       {"random_walk", Shape::random_walk},
                                                                       {"constant", Shape::constant},
                                                                       {"counter", Shape::counter}}};

Signal parse_signal(const Node& node) {
  const Signal signal{word(node, "shape", shapes), node.get<double>("min"), node.get<double>("max"),
                      node.get<double>("period_s"), node.get<double>("noise")};
  if (signal.max < signal.min) throw node.at("max").wrong("the maximum is below the minimum: swap them");
  return signal;
}

Property signal_property(const Node& node, const Signal& signal) {
  Property property{node.get<std::string>("property"), "", "", node.get<std::string>("unit")};
  property.title = property.name;
  property.type = word(node, "type", types);
  property.decimals = node.get<int>("decimals");
  property.writable = node.get<bool>("writable");
  if (property.type == Type::boolean) {
    property.max = 1;
  } else if (signal.shape != Shape::counter) {
    property.min = signal.min - signal.noise;
    property.max = signal.max + signal.noise;
  }
  return property;
}

std::shared_ptr<const Kind> parse_kind(const Node& node) {
  auto kind = std::make_shared<Kind>();
  kind->faults_per_day = node.get<double>("faults_per_day");
  if (const auto model = node.get<std::string>("model"); model != "none") {
    kind->model = find_model(model);
    if (!kind->model) throw node.at("model").wrong("'" + model + "' is no built-in model");
    kind->properties = kind->model->properties;
  }
  for (const Node& item : node.list("signals")) {
    kind->signals.push_back(parse_signal(item));
    kind->properties.push_back(signal_property(item, kind->signals.back()));
  }
  if (kind->properties.empty()) throw node.wrong("choose a model or add signals: this Thing would have no property");
  std::set<std::string_view> names;
  for (const auto& property : kind->properties)
    if (!names.insert(property.name).second)
      throw node.wrong("property '" + property.name + "' is there twice: rename the signal");
  return kind;
}

std::string numbered(std::string text, std::size_t n) {
  constexpr std::string_view mark = "{n}";
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at))
    text.replace(at, mark.size(), std::to_string(n));
  return text;
}

void parse_group(const Node& node, std::vector<ThingConfig>& things) {
  const auto kind = parse_kind(node);
  const auto name = node.get<std::string>("name");
  const auto count = node.get<std::size_t>("count");
  auto title = node.get<std::string>("title");
  if (title.empty()) title = !kind->model ? name : std::string(kind->model->title) + (count > 1 ? " {n}" : "");
  if (count > 1 && name.find("{n}") == std::string::npos)
    throw node.at("name").wrong("'" + name + "' would name " + std::to_string(count) + " Things: add {n}");
  if (things.size() + count > most_things)
    throw node.at("count").wrong("more than " + std::to_string(most_things) + " Things: spread them over instances");
  for (std::size_t n = 1; n <= count; ++n) things.push_back({numbered(name, n), numbered(title, n), kind});
}

std::vector<ThingConfig> parse_things(const Node& root) {
  std::vector<ThingConfig> things;
  for (const Node& group : root.list("things")) parse_group(group, things);
  std::set<std::string_view> names;
  for (const auto& thing : things)
    if (!names.insert(thing.name).second)
      throw root.at("things").wrong("Thing '" + thing.name + "' is there twice: rename one");
  return things;
}

std::optional<LoadConfig> parse_load(const Node& root) {
  if (!root.has("load") || root.at("load").get<std::uint32_t>("points") == 0) return std::nullopt;
  const Node node = root.at("load");
  return LoadConfig{node.get<std::uint32_t>("points"), node.get<std::uint32_t>("batch"), node.get<int>("decimals"),
                    node.get<double>("rate"), node.get<std::string>("name")};
}

std::vector<ReplayConfig::Column> parse_columns(const Node& replay) {
  std::vector<ReplayConfig::Column> columns;
  if (!replay.has("columns")) throw replay.wrong("columns: name at least one column to play");
  const Node node = replay.at("columns");
  for (const auto& [header, ignored] : node.json().items()) {
    const Node item = node.at(header);
    columns.push_back(
        {header, item.get<std::string>("property"), item.get<std::string>("unit"), word(item, "type", types)});
  }
  if (columns.empty()) throw node.wrong("name at least one column to play");
  return columns;
}

std::optional<ReplayConfig> parse_replay(const Node& root) {
  if (!root.has("replay") || root.at("replay").get<std::string>("file").empty()) return std::nullopt;
  const Node node = root.at("replay");
  ReplayConfig replay{node.get<std::string>("file"),
                      node.get<std::string>("thing"),
                      node.get<std::string>("time_column"),
                      parse_columns(node),
                      node.get<double>("speed"),
                      node.get<bool>("loop"),
                      node.get<std::string>("time") == "original",
                      node.get<int>("utc_offset_min")};
  if (replay.loop && replay.keep_times)
    throw node.at("loop").wrong("every round would write the same original times again: set time to now");
  return replay;
}

}  // namespace

Config parse_config(std::string_view json) {
  const Node root = Node::parse(json);
  return {root.get<std::uint64_t>("seed"), root.get<int>("utc_offset_min"), parse_things(root), parse_load(root),
          parse_replay(root)};
}

}  // namespace simulator
