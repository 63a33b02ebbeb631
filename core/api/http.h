// One request as a route sees it, and the answer it gives. Plain values; routes run on the edge's worker threads.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "edge/server.h"
#include "security/security.h"

namespace myriad::api {

// A verified token and whom it stands for.
struct Session {
  std::string token;
  security::Identity identity;
  std::uint64_t generation = 0;  // of Access, see there
};

struct Call {
  const edge::Request& request;
  std::string_view path;                                                // as sent, without the query
  const std::multimap<std::string, std::string>& params;                // the query, decoded
  std::vector<std::pair<std::string_view, std::string>> segments = {};  // "{name}" of the pattern, decoded
  std::shared_ptr<const Session> session = {};                          // null on open routes

  const std::string& segment(std::string_view name) const;
  std::optional<std::string_view> query(const std::string& name) const;  // the first of that name
  bool flag(const std::string& name) const { return query(name) == "true"; }
  std::string_view field(std::string_view name) const;  // of the head; empty when missing
};

struct Reply {
  int status = 200;
  std::string body = {};
  std::string type = "application/json";
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::shared_ptr<edge::Source> stream = {};  // follows the head instead of a body
};

using Route = std::function<Result<Reply>(const Call&)>;

Reply json_reply(const nlohmann::json&, int status = 200);
Reply no_content();

// "%2F" → "/"; nullopt when an escape is broken or makes a NUL. `plus` stays as it is.
std::optional<std::string> percent_decode(std::string_view);
std::string percent_encode(std::string_view);

}  // namespace myriad::api
