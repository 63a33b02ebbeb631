// Forms with files in them: multipart/form-data (RFC 7578).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace myriad::api {

// The content of the first field of that name. Errors say how to send it.
Result<std::string> multipart_field(std::string_view content_type, std::string_view body, const std::string& name);

}  // namespace myriad::api
