#include "api/history_query.h"

#include <algorithm>
#include <charconv>

#include "api/page.h"
#include "api/point_select.h"
#include "base/names.h"
#include "base/time_text.h"

namespace myriad::api {
namespace {

constexpr Nanos hour = Nanos{3'600} * 1'000'000'000;
constexpr std::size_t most_points = 100;
constexpr std::size_t usual_rows = 2'000, most_rows = 100'000;
constexpr std::size_t most_download_rows = 1'000'000'000'000;
constexpr std::string_view csv_type = "text/csv", ndjson_type = "application/x-ndjson";

Error bad_cursor() {
  return {Code::invalid, "the cursor is not one of /history: use `next` of the page before", "cursor"};
}

template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end == text.data() + text.size() || *end != ' ') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

// The reverse of history_position.
Status take_position(std::string_view text, HistoryQuery& query) {
  if (!take_number(text, query.range.from) || !take_number(text, query.range.to) || !take_number(text, query.time))
    return bad_cursor();
  query.point = text;
  return {};
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// The first type of Accept that there is; weights do not count.
HistoryFormat accepted_format(std::string_view accept) {
  while (!accept.empty()) {
    const auto one = accept.substr(0, accept.find(','));
    const auto type = trimmed(one.substr(0, one.find(';')));
    if (type == csv_type) return HistoryFormat::csv;
    if (type == ndjson_type) return HistoryFormat::ndjson;
    if (type == "application/json") return HistoryFormat::json;
    accept.remove_prefix(std::min(accept.size(), one.size() + 1));
  }
  return HistoryFormat::json;
}

Result<HistoryFormat> format_of(const Call& call) {
  const auto name = call.query("format");
  if (!name) return accepted_format(call.field("Accept"));
  if (*name == "json") return HistoryFormat::json;
  if (*name == "csv") return HistoryFormat::csv;
  if (*name == "ndjson") return HistoryFormat::ndjson;
  return Error{Code::invalid, "format '" + std::string(name->substr(0, 40)) + "': use json, csv or ndjson", "format"};
}

Status take_range(const Call& call, Nanos now, HistoryQuery& query) {
  const auto to = parse_time_parameter(call, "to", now + 1);
  if (!to) return to.error();
  const auto from = parse_time_parameter(call, "from", std::max<Nanos>(0, *to - hour));
  if (!from) return from.error();
  if (*from > *to) return Error{Code::invalid, "from is later than to: swap them", "from"};
  query.range = {*from, *to};
  return {};
}

}  // namespace

Result<Nanos> parse_time_parameter(const Call& call, const char* name, Nanos usual) {
  const auto text = call.query(name);
  if (!text) return usual;
  auto time = parse_time(*text);
  if (!time) return Error{Code::invalid, time.error().message, name};
  return time;
}

Result<std::vector<std::string>> parse_point_patterns(Shared& shared, const Call& call) {
  std::vector<std::string> patterns;
  const auto [first, last] = call.params.equal_range("point");
  for (auto it = first; it != last; ++it)
    for (auto& pattern : split_list(it->second)) patterns.push_back(std::move(pattern));
  if (patterns.size() > most_points)
    return Error{Code::invalid, std::to_string(patterns.size()) + " points: name at most 100, or use patterns",
                 "point"};
  for (const auto& point : patterns)
    if (!is_pattern(point) && !shared.parts.points.find(point) && !shared.parts.registry.property(point))
      return Error{Code::not_found, "there is no point '" + point.substr(0, 260) + "': write <thing>/<property>",
                   "point"};
  return patterns;
}

Result<HistoryQuery> parse_history_query(Shared& shared, const Call& call) {
  HistoryQuery query;
  auto patterns = parse_point_patterns(shared, call);
  if (!patterns) return patterns.error();
  if (patterns->empty())
    return Error{Code::invalid, "say which points: point=meter/voltage or point=meter/*, several times if wanted",
                 "point"};
  query.patterns = std::move(*patterns);
  if (auto taken = take_range(call, shared.parts.clock.now(), query); !taken) return taken.error();
  const auto format = format_of(call);
  if (!format) return format.error();
  query.format = *format;
  const bool paged = query.format == HistoryFormat::json;
  const auto page = page_query(call, paged ? usual_rows : most_download_rows, paged ? most_rows : most_download_rows);
  if (!page) return page.error();
  query.limit = page->limit;
  if (page->after.empty()) return query;
  if (auto taken = take_position(page->after, query); !taken) return taken.error();
  return query;
}

std::string history_position(const HistoryQuery& query, const std::string& point, Nanos time) {
  return std::to_string(query.range.from) + ' ' + std::to_string(query.range.to) + ' ' + std::to_string(time) + ' ' +
         point;
}

}  // namespace myriad::api
