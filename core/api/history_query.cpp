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
constexpr std::size_t usual_rows = 2'000, most_rows = 1'000'000;
constexpr std::size_t most_download_rows = 1'000'000'000'000;
constexpr std::string_view csv_type = "text/csv", ndjson_type = "application/x-ndjson";

Error bad_cursor() {
  return {Code::invalid, "the cursor is not one of /history: use `next` of the page before", "cursor"};
}

Error other_question() {
  return {Code::invalid, "the cursor is of another aggregate, step or zone: repeat the query of the page before",
          "cursor"};
}

bool take_number(std::string_view& text, Nanos& number) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end == text.data() + text.size() || *end != ' ') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

bool take_word(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
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

Status take_aggregate_position(std::string_view& text, HistoryQuery& query) {
  auto& aggregates = *query.aggregates;
  if (!take_number(text, query.start.anchor) || query.start.anchor < query.range.from) return bad_cursor();
  const auto is_next = [&](historian::Aggregate each) {
    return text.starts_with(std::string(aggregate_name(each)) + ' ');
  };
  const auto found = std::find_if(aggregates.which.begin(), aggregates.which.end(), is_next);
  if (found == aggregates.which.end()) return other_question();
  query.start.aggregate = static_cast<std::size_t>(found - aggregates.which.begin());
  take_word(text, aggregate_name(*found));
  if (!take_word(text, ' ' + aggregates.step + '@' + aggregates.zone + ' ')) return other_question();
  if (aggregates.step.empty()) aggregates.steps = historian::Steps::one(query.range.from);
  return {};
}

// "min,mean,max" or several times, each once.
Result<std::vector<historian::Aggregate>> parse_aggregates(const Call& call) {
  std::vector<historian::Aggregate> which;
  const auto [first, last] = call.params.equal_range("aggregate");
  if (first == last) return std::vector{historian::Aggregate::mean};
  for (auto it = first; it != last; ++it)
    for (const auto& name : split_list(it->second)) {
      const auto aggregate = historian::parse_aggregate(name);
      if (!aggregate) return aggregate.error();
      if (std::find(which.begin(), which.end(), *aggregate) == which.end()) which.push_back(*aggregate);
    }
  if (which.empty()) return historian::parse_aggregate("").error();
  return which;
}

Status refuse_without_step(const Call& call) {
  if (call.query("fill")) return Error{Code::invalid, "fill is for steps: add step, such as step=1m", "fill"};
  if (call.query("zone")) return Error{Code::invalid, "zone says where steps begin: add step, such as step=1d", "zone"};
  return {};
}

Status take_aggregates(const Call& call, Nanos now, HistoryQuery& query) {
  const auto step = call.query("step");
  if (!step)
    if (auto fine = refuse_without_step(call); !fine) return fine;
  if (!step && !call.query("aggregate")) return {};
  auto which = parse_aggregates(call);
  if (!which) return which.error();
  const auto zone = call.query("zone").value_or("");
  const auto steps = step ? historian::Steps::parse(*step, zone) : historian::Steps::one(query.range.from);
  if (!steps) return steps.error();
  const auto fill = historian::parse_fill(call.query("fill").value_or("none"));
  if (!fill) return fill.error();
  query.aggregates = {std::move(*which), std::string(step.value_or("")), std::string(zone), *steps, *fill, now};
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
  const Nanos now = shared.parts.clock.now();
  if (auto taken = take_range(call, now, query); !taken) return taken.error();
  if (auto taken = take_aggregates(call, now, query); !taken) return taken.error();
  const auto format = format_of(call);
  if (!format) return format.error();
  query.format = *format;
  const bool paged = query.format == HistoryFormat::json;
  const auto page = page_query(call, paged ? usual_rows : most_download_rows, paged ? most_rows : most_download_rows);
  if (!page) return page.error();
  query.limit = page->limit;
  if (page->after.empty()) return query;
  if (auto taken = take_history_position(page->after, query); !taken) return taken.error();
  return query;
}

// "from to time point", with "a" before and "anchor aggregate step@zone" behind the time when it is of aggregates.
std::string history_position(const HistoryQuery& query, const HistoryPosition& at) {
  std::string text = query.aggregates ? "a " : "";
  for (const Nanos time : {query.range.from, query.range.to, at.time}) text += std::to_string(time) + ' ';
  if (query.aggregates) {
    const auto& aggregates = *query.aggregates;
    text += std::to_string(at.anchor) + ' ' + std::string(aggregate_name(aggregates.which[at.aggregate])) + ' ' +
            aggregates.step + '@' + aggregates.zone + ' ';
  }
  return text + at.point;
}

Status take_history_position(std::string_view text, HistoryQuery& query) {
  if (query.aggregates && !take_word(text, "a ")) return bad_cursor();
  auto& range = query.range;
  auto& start = query.start;
  if (!take_number(text, range.from) || !take_number(text, range.to) || !take_number(text, start.time) ||
      range.from < 0)
    return bad_cursor();
  if (query.aggregates)
    if (auto taken = take_aggregate_position(text, query); !taken) return taken;
  start.point = text;
  return {};
}

}  // namespace myriad::api
