// GET /history: readings of several points, or what they come to by step, in pages or as a download.
#include "api/history_download.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/resources.h"
#include "base/names.h"

namespace myriad::api {
namespace {

// A page of JSON below it goes out whole, with its length and the Link field; a longer one is streamed.
constexpr std::size_t whole_bytes = std::size_t{1} << 20;

// "meter-voltage.csv", or "history.csv" of several points.
std::string file_name(const HistoryQuery& query) {
  const auto [thing, property] = split_point(query.patterns.front());
  const bool one = query.patterns.size() == 1 && !thing.empty();
  return (one ? std::string(thing) + '-' + std::string(property) : "history") +
         (query.format == HistoryFormat::csv ? ".csv" : ".ndjson");
}

Reply head_of(const HistoryQuery& query) {
  Reply reply;
  if (query.format == HistoryFormat::json) return reply;
  reply.type = query.format == HistoryFormat::csv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson";
  reply.fields.emplace_back("Content-Disposition", "attachment; filename=\"" + file_name(query) + '"');
  return reply;
}

// The begin of the text, where an error can still be told.
Result<std::string> begin_text(HistoryText& text, HistoryFormat format) {
  std::string begin;
  do {
    const auto more = text.next([] { return true; });
    if (!more) return more.error();
    begin += *more;
  } while (format == HistoryFormat::json && !text.at_end() && begin.size() < whole_bytes);
  return begin;
}

Result<Reply> read(Shared& shared, const Call& call) {
  auto query = parse_history_query(shared, call);
  if (!query) return query.error();
  const auto format = query->format;
  Reply reply = head_of(*query);
  const bool is_page = format == HistoryFormat::json;
  if (call.request.head.method == "HEAD" && !is_page) return reply;
  HistoryText text(HistoryWalk(shared.parts, std::move(*query)));
  auto begin = begin_text(text, format);
  if (!begin) return begin.error();
  if (is_page && text.at_end()) {
    reply.body = std::move(*begin);
    if (const auto cursor = text.cursor(); !cursor.empty()) reply.fields.emplace_back("Link", next_link(call, cursor));
    return reply;
  }
  reply.stream = std::make_shared<HistoryDownload>(std::move(text), std::move(*begin), shared.downloads.strand(),
                                                   shared.parts.log);
  return reply;
}

}  // namespace

void add_history_routes(Router& router, Shared& shared) {
  router.add({"GET", "/api/v1/history", Access::user, [&](const Call& c) { return read(shared, c); }});
}

}  // namespace myriad::api
