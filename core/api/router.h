// The one table of routes. Filled at start, then read by all threads. A match costs no allocation but the decoded
// segments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"

namespace myriad::api {

enum class Access : std::uint8_t {
  open,   // anyone
  user,   // a session
  local,  // anyone from this machine; else a user
};

constexpr std::size_t usual_body = std::size_t{1} << 20;

struct Entry {
  std::string_view method, pattern;  // "/api/v1/things/{thing}"; literals
  Access access;
  Route route;
  std::size_t body_limit = usual_body;
  bool deep = false;  // the last variable stands for the rest of the path, which may be empty; it is not captured
};

class Router {
 public:
  void add(Entry);
  // Serves GET of every path outside /api/ that no route has.
  void set_fallback(Route route) { fallback_.route = std::move(route); }

  struct Match {
    const Entry* entry = nullptr;  // null: nothing serves it
    std::string allow;             // the methods that the path has, when it is the method that does not fit
    std::vector<std::pair<std::string_view, std::string>> segments;
  };
  // HEAD is served as GET. `path` as sent, without the query.
  Match find(std::string_view method, std::string_view path) const;

  std::vector<const Entry*> entries() const;

 private:
  struct Row {
    Entry entry;
    std::vector<std::string_view> parts;
  };
  std::vector<Row> rows_;
  Entry fallback_{"GET", "", Access::open, {}, 0};
};

}  // namespace myriad::api
