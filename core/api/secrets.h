// Members that a plugin's schema calls writeOnly: shown as null, and kept when they come back as null. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace myriad::api {

// `config` with every secret replaced by null.
nlohmann::json hide_secrets(const nlohmann::json& schema, nlohmann::json config);

// `fresh` with every secret that is null taken from `stored`; removed when `stored` has none. An item of a list takes
// the secrets of the stored item that looks the same without them, else of the one at its place.
nlohmann::json keep_secrets(const nlohmann::json& schema, nlohmann::json fresh, const nlohmann::json& stored);

}  // namespace myriad::api
