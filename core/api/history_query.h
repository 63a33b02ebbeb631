// What GET /history is asked: points, range, format, and where a cursor goes on. Stateless.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/http.h"
#include "api/resources.h"
#include "historian/aggregate.h"
#include "historian/historian.h"

namespace myriad::api {

enum class HistoryFormat : std::uint8_t { json, csv, ndjson };

struct HistoryAggregates {
  std::vector<historian::Aggregate> which;  // at least one; each gives a series
  std::string step, zone;                   // as they were asked for; no step: one row for the whole range
  historian::Steps steps;
  historian::Fill fill = historian::Fill::none;
  Nanos present = 0;
};

// Where to go on.
struct HistoryPosition {
  std::string point;
  Nanos time = 0;             // from here
  std::size_t aggregate = 0;  // of HistoryAggregates::which
  Nanos anchor = 0;           // where the last row began that was not filled, or the range; see AggregateQuery
};

struct HistoryQuery {
  std::vector<std::string> patterns;
  historian::Range range;
  HistoryFormat format = HistoryFormat::json;
  std::size_t limit = 0;                        // rows: of a page, or of the whole download
  std::optional<HistoryAggregates> aggregates;  // none: readings
  HistoryPosition start;
};

// `point` of the query, several times or separated by commas: patterns, and points that exist.
Result<std::vector<std::string>> parse_point_patterns(Shared&, const Call&);

// A time of the query; `usual` when it is missing.
Result<Nanos> parse_time_parameter(const Call&, const char* name, Nanos usual);

Result<HistoryQuery> parse_history_query(Shared&, const Call&);

// For encode_cursor. The range stays that of the first page.
std::string history_position(const HistoryQuery&, const HistoryPosition&);
// The reverse; `query` knows its aggregates, and gets range and start.
Status take_history_position(std::string_view text, HistoryQuery& query);

}  // namespace myriad::api
