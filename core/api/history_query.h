// What GET /history is asked: points, range, format, and where a cursor goes on. Stateless.
#pragma once

#include <string>
#include <vector>

#include "api/http.h"
#include "api/resources.h"
#include "historian/historian.h"

namespace myriad::api {

enum class HistoryFormat : std::uint8_t { json, csv, ndjson };

struct HistoryQuery {
  std::vector<std::string> patterns;
  historian::Range range;
  HistoryFormat format = HistoryFormat::json;
  std::size_t limit = 0;  // rows: of a page, or of the whole download
  std::string point;      // where to go on: this point, from this time
  Nanos time = 0;
};

// `point` of the query, several times or separated by commas: patterns, and points that exist.
Result<std::vector<std::string>> parse_point_patterns(Shared&, const Call&);

// A time of the query; `usual` when it is missing.
Result<Nanos> parse_time_parameter(const Call&, const char* name, Nanos usual);

Result<HistoryQuery> parse_history_query(Shared&, const Call&);

// For encode_cursor: on from `time` of `point`. The range stays that of the first page.
std::string history_position(const HistoryQuery&, const std::string& point, Nanos time);

}  // namespace myriad::api
