// Entity tags made of a document's version, and the preconditions on them (RFC 9110, section 13). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/http.h"

namespace myriad::api {

std::string etag(std::uint64_t version);  // "\"7\""

// Does the field list `tag`, or is it "*"? Weak tags never match strongly.
bool lists_tag(std::string_view field, std::string_view tag, bool weak);

// Null when the request's If-Match fits `version`; else the 428 or 412 answer.
std::optional<Reply> unmet_if_match(const Call&, std::uint64_t version);
bool not_modified(const Call&, std::string_view tag);
Reply precondition_failed();

}  // namespace myriad::api
