// GET /history: raw readings of several points, in pages.
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "api/page.h"
#include "api/point_select.h"
#include "api/problem.h"
#include "api/reading_text.h"
#include "api/resources.h"
#include "base/names.h"
#include "base/time_text.h"

namespace myriad::api {
namespace {

constexpr Nanos hour = Nanos{3'600} * 1'000'000'000;
constexpr std::size_t most_points = 100, most_series = 1'000;

struct Query {
  std::vector<std::string> patterns;
  historian::Range range;
  std::size_t limit = 0;
  std::string point;  // where to go on: this point, from this time
  Nanos time = 0;
};

// "from to time point", as in encode_cursor's text: the range stays that of the first page.
std::string position_text(const Query& query, const std::string& point, Nanos time) {
  return std::to_string(query.range.from) + ' ' + std::to_string(query.range.to) + ' ' + std::to_string(time) + ' ' +
         point;
}

bool take_number(std::string_view& text, Nanos& number) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end == text.data() + text.size() || *end != ' ') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

bool take_position(std::string_view text, Query& query) {
  if (!take_number(text, query.range.from) || !take_number(text, query.range.to) || !take_number(text, query.time))
    return false;
  query.point = text;
  return true;
}

Result<Nanos> time_parameter(const Call& call, const char* name, Nanos usual) {
  const auto text = call.query(name);
  if (!text) return usual;
  auto time = parse_time(*text);
  if (!time) return Error{Code::invalid, time.error().message, name};
  return time;
}

Status take_patterns(Shared& shared, const Call& call, Query& query) {
  const auto [first, last] = call.params.equal_range("point");
  for (auto it = first; it != last; ++it)
    for (auto& pattern : split_list(it->second)) query.patterns.push_back(std::move(pattern));
  if (query.patterns.empty())
    return Error{Code::invalid, "say which points: point=meter/voltage or point=meter/*, several times if wanted",
                 "point"};
  if (query.patterns.size() > most_points)
    return Error{Code::invalid, std::to_string(query.patterns.size()) + " points: name at most 100, or use patterns",
                 "point"};
  for (const auto& point : query.patterns)
    if (!is_pattern(point) && !shared.parts.points.find(point) && !shared.parts.registry.property(point))
      return Error{Code::not_found, "there is no point '" + point.substr(0, 260) + "': write <thing>/<property>",
                   "point"};
  return {};
}

Result<Query> query_of(Shared& shared, const Call& call) {
  Query query;
  if (auto taken = take_patterns(shared, call, query); !taken) return taken.error();
  const Nanos now = shared.parts.clock.now();
  const auto to = time_parameter(call, "to", now + 1);
  if (!to) return to.error();
  const auto from = time_parameter(call, "from", std::max<Nanos>(0, *to - hour));
  if (!from) return from.error();
  if (*from > *to) return Error{Code::invalid, "from is later than to: swap them", "from"};
  query.range = {*from, *to};
  const auto page = page_query(call, 2'000, 100'000);
  if (!page) return page.error();
  query.limit = page->limit;
  if (!page->after.empty() && !take_position(page->after, query))
    return Error{Code::invalid, "the cursor is not one of /history: use `next` of the page before", "cursor"};
  return query;
}

// ["2026-11-22T08:00:00Z",230.1] with the quality when it is not good.
void append_row(std::string& out, const model::Sample& sample) {
  out += "[\"";
  out += format_time(sample.time);
  out += "\",";
  append_value(out, sample.value);
  if (sample.quality != MYRIAD_GOOD) out.append(",\"").append(model::quality_name(sample.quality)).append("\"");
  out += ']';
}

void append_series(Shared& shared, std::string& out, const std::string& point,
                   const std::vector<model::Sample>& samples) {
  if (out.back() == '}') out += ',';
  out += "{\"point\":";
  append_string(out, point);
  if (const auto property = shared.parts.registry.property(point); property && !property->unit.empty()) {
    out += ",\"unit\":";
    append_string(out, property->unit);
  }
  out += ",\"values\":[";
  for (const auto& sample : samples) {
    if (out.back() == ']') out += ',';
    append_row(out, sample);
  }
  out += "]}";
}

struct Pages {
  std::string body = "{\"series\":[", next;
};

// Points in the order of their names, each by ascending time, until the limit.
Result<Pages> read_page(Shared& shared, const Query& query) {
  std::map<std::string, model::PointId, std::less<>> points = matching_points(shared.parts.points, query.patterns);
  for (const auto& point : query.patterns)  // described, but never read
    if (!is_pattern(point)) points.try_emplace(point);
  Pages pages;
  std::size_t left = query.limit, series = 0;
  for (auto it = points.lower_bound(query.point); it != points.end(); ++it) {
    auto range = query.range;
    if (it->first == query.point) range.from = query.time;
    if (left == 0 || series++ == most_series) {
      pages.next = position_text(query, it->first, range.from);
      break;
    }
    auto samples = shared.parts.historian.query(it->first, range, left + 1);
    if (!samples) return samples.error();
    if (samples->size() > left) {
      pages.next = position_text(query, it->first, samples->back().time);
      samples->pop_back();
    }
    append_series(shared, pages.body, it->first, *samples);
    if (!pages.next.empty()) break;
    left -= samples->size();
  }
  return pages;
}

Result<Reply> read(Shared& shared, const Call& call) {
  const auto query = query_of(shared, call);
  if (!query) return query.error();
  auto pages = read_page(shared, *query);
  if (!pages) return pages.error();
  Reply reply;
  reply.body = std::move(pages->body);
  if (pages->next.empty()) {
    reply.body += "],\"next\":null}";
    return reply;
  }
  const std::string cursor = encode_cursor(pages->next);
  reply.body += "],\"next\":\"" + cursor + "\"}";
  reply.fields.emplace_back("Link", next_link(call, cursor));
  return reply;
}

}  // namespace

void add_history_routes(Router& router, Shared& shared) {
  router.add({"GET", "/api/v1/history", Access::user, [&](const Call& c) { return read(shared, c); }});
}

}  // namespace myriad::api
