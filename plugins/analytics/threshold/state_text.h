// What limits remember, as text that outlives a restart: JSON with a version. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "limit.h"

namespace threshold {

using SavedStates = std::map<std::pair<std::string, std::string>, State>;  // by rule and point

std::string to_text(const SavedStates& states);
// Nothing when the text is not ours or of a version we do not know.
std::optional<SavedStates> from_text(std::string_view text);

}  // namespace threshold
