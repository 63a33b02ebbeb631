// Lists: limit, opaque cursor, and the link to the next page (RFC 8288). Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "api/http.h"

namespace myriad::api {

// Cursors are base64url (RFC 4648, section 5) so that nobody builds on what is in them.
std::string encode_cursor(std::string_view);
std::optional<std::string> decode_cursor(std::string_view);

struct PageQuery {
  std::size_t limit;
  std::string after;  // what encode_cursor was given; empty at the first page
};
Result<PageQuery> page_query(const Call&, std::size_t usual = 100, std::size_t most = 1'000);

// {"items":[…],"next":…} and the Link field. `next` is plain; empty at the end.
Reply page_reply(const Call&, nlohmann::json items, std::string_view next);
// The page of a list that is in memory as a whole: `items` of `query.after` (a number) on.
Reply slice_reply(const Call&, const PageQuery&, nlohmann::json items);
std::string next_link(const Call&, std::string_view cursor);

}  // namespace myriad::api
