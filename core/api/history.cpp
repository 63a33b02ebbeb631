// GET /history: readings of several points, in pages or as a download.
#include "api/history_download.h"
#include "api/history_query.h"
#include "api/history_walk.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/reading_text.h"
#include "api/resources.h"
#include "base/names.h"
#include "base/time_text.h"

namespace myriad::api {
namespace {

constexpr std::size_t most_series = 1'000;

// ---- Pages of JSON

void begin_row(std::string& out, Nanos time) {
  out += out.back() == '[' ? "[\"" : ",[\"";
  append_time(out, time);
  out += "\",";
}

// ["2026-11-22T08:00:00Z",230.1] with the quality when it is not good.
void append_row(std::string& out, const model::Sample& sample) {
  begin_row(out, sample.time);
  append_value(out, sample.value);
  if (sample.quality != MYRIAD_GOOD) out.append(",\"").append(model::quality_name(sample.quality)).append("\"");
  out += ']';
}

void append_series(Shared& shared, std::string& out, const HistoryWalk::Rows& rows) {
  out += out.back() == '}' ? ",{\"point\":" : "{\"point\":";
  append_string(out, rows.point);
  if (const auto property = shared.parts.registry.property(rows.point); property && !property->unit.empty()) {
    out += ",\"unit\":";
    append_string(out, property->unit);
  }
  out += ",\"values\":[";
  for (const auto& sample : rows.samples) append_row(out, sample);
  out += "]}";
}

Result<Reply> read_page(Shared& shared, const Call& call, HistoryQuery query) {
  Reply reply;
  reply.body = "{\"series\":[";
  HistoryWalk walk(shared.parts, std::move(query));
  std::size_t left = walk.query().limit;
  for (std::size_t series = 0; left != 0 && series < most_series && !walk.at_end(); ++series) {
    const auto rows = walk.next(left);
    if (!rows) return rows.error();
    append_series(shared, reply.body, *rows);
    left -= rows->samples.size();
  }
  if (walk.at_end()) {
    reply.body += "],\"next\":null}";
    return reply;
  }
  const std::string cursor = encode_cursor(walk.position());
  reply.body += "],\"next\":\"" + cursor + "\"}";
  reply.fields.emplace_back("Link", next_link(call, cursor));
  return reply;
}

// ---- Downloads

// "meter-voltage.csv", or "history.csv" of several points.
std::string file_name(const HistoryQuery& query) {
  const auto [thing, property] = split_point(query.patterns.front());
  const bool one = query.patterns.size() == 1 && !thing.empty();
  return (one ? std::string(thing) + '-' + std::string(property) : "history") +
         (query.format == HistoryFormat::csv ? ".csv" : ".ndjson");
}

Result<Reply> begin_download(Shared& shared, const Call& call, HistoryQuery query) {
  Reply reply;
  reply.type = query.format == HistoryFormat::csv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson";
  reply.fields.emplace_back("Content-Disposition", "attachment; filename=\"" + file_name(query) + '"');
  if (call.request.head.method == "HEAD") return reply;
  HistoryText text(HistoryWalk(shared.parts, std::move(query)));
  auto first = text.next([] { return true; });  // here an error can still be told
  if (!first) return first.error();
  reply.stream = std::make_shared<HistoryDownload>(std::move(text), std::move(*first), shared.downloads.strand(),
                                                   shared.parts.log);
  return reply;
}

Result<Reply> read(Shared& shared, const Call& call) {
  auto query = parse_history_query(shared, call);
  if (!query) return query.error();
  return query->format == HistoryFormat::json ? read_page(shared, call, std::move(*query))
                                              : begin_download(shared, call, std::move(*query));
}

}  // namespace

void add_history_routes(Router& router, Shared& shared) {
  router.add({"GET", "/api/v1/history", Access::user, [&](const Call& c) { return read(shared, c); }});
}

}  // namespace myriad::api
