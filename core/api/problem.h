// Errors as RFC 9457 problem details. Pure.
#pragma once

#include <string_view>

#include "api/http.h"
#include "base/result.h"

namespace myriad::api {

int status_of(Code);
std::string_view reason_phrase(int status);

// `code` of the body: "not_found"…, the name of error.code unless the status says more ("precondition_failed").
Reply problem(const Error&);
Reply problem(int status, const Error&);

}  // namespace myriad::api
