// What GET /history reads by hand: line 1 a step, line 2 a zone, the rest what a cursor holds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/history_query.h"

using namespace myriad;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

void check_steps(const historian::Steps& steps) {
  for (const Nanos time : {Nanos{0}, Nanos{1}, Nanos{1'774'746'000'000'000'000}, Nanos{4'102'444'800'000'000'000}}) {
    const Nanos begin = steps.begin(time), next = steps.next(begin);
    require(begin <= time && time < next);
    require(steps.begin(next - 1) == begin);
  }
}

void check_position(std::string_view text, api::HistoryQuery query) {
  if (!api::take_history_position(text, query)) return;
  const auto& start = query.start;
  const std::string written = api::history_position(query, start);
  api::HistoryQuery again = query;
  require(bool(api::take_history_position(written, again)));
  require(again.range.from == query.range.from && again.range.to == query.range.to);
  require(again.start.time == start.time && again.start.point == start.point);
  require(again.start.anchor == start.anchor && again.start.aggregate == start.aggregate);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto step = take_line(text), zone = take_line(text);
  api::HistoryQuery query;
  check_position(text, query);
  const auto steps = historian::Steps::parse(step, zone);
  if (!steps) return 0;
  check_steps(*steps);
  query.aggregates = {
      {historian::Aggregate::last, historian::Aggregate::mean}, std::string(step), std::string(zone), *steps};
  check_position(text, query);
  return 0;
}
