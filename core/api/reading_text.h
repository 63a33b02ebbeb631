// Readings as JSON text, written directly: the latest value, history and the live stream all pass here. Pure.
#pragma once

#include <string>
#include <string_view>

#include "model/value.h"

namespace myriad::api {

void append_string(std::string& out, std::string_view text);  // quoted; bytes that are no UTF-8 become U+FFFD
void append_value(std::string& out, const model::Value&);
// "value":…,"time":"…","quality":"good"
void append_sample(std::string& out, const model::Sample&);

}  // namespace myriad::api
