#include "state_text.h"

#include <nlohmann/json.hpp>

namespace threshold {
namespace {

using nlohmann::json;

constexpr int version = 1;

Side side_in(const json& text) {
  for (const Side side : {Side::normal, Side::high, Side::low})
    if (text == word(side)) return side;
  throw json::other_error::create(501, "no side", nullptr);
}

State read_state(const json& item) {
  State state;
  state.side = side_in(item.at("side"));
  state.pending = side_in(item.at("pending"));
  state.pending_since_ns = item.at("pending_since_ns");
  state.latest_ns = item.at("latest_ns");
  return state;
}

}  // namespace

std::string to_text(const SavedStates& states) {
  json limits = json::array();
  for (const auto& [key, state] : states)
    limits.push_back({{"rule", key.first},
                      {"point", key.second},
                      {"side", word(state.side)},
                      {"pending", word(state.pending)},
                      {"pending_since_ns", state.pending_since_ns},
                      {"latest_ns", state.latest_ns}});
  return json{{"version", version}, {"limits", limits}}.dump();
}

std::optional<SavedStates> from_text(std::string_view text) try {
  const json document = json::parse(text);
  if (document.at("version") != version) return std::nullopt;
  SavedStates states;
  for (const auto& item : document.at("limits")) states[{item.at("rule"), item.at("point")}] = read_state(item);
  return states;
} catch (const json::exception&) {
  return std::nullopt;
}

}  // namespace threshold
