// A guard in front of documents that strangers write: what walks a parsed one, to copy, merge or print it, is
// recursive.
#pragma once

#include <string_view>

namespace myriad {

// Is the JSON text nested deeper than 64 levels? Pure; the text need not be right.
bool is_deep_json(std::string_view text);

}  // namespace myriad
