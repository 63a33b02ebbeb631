// What an instance sends out: its dead letters, and beginning again elsewhere in the log.
#include <charconv>
#include <nlohmann/json.hpp>

#include "api/json_body.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/reading_text.h"
#include "api/resources.h"
#include "base/json_depth.h"
#include "base/time_text.h"
#include "model/value.h"

namespace myriad::api {
namespace {

using nlohmann::json;

json letter_json(const spine::DeadLetter& letter, const model::Points& points) {
  const auto view = letter.reading.view();
  const auto& reading = view.readings[0];
  const auto sample = model::to_sample(view, reading);
  std::string value;
  append_value(value, sample.value);
  return {{"sequence", letter.sequence},
          {"point", points.name(model::point_of(reading))},
          {"time", format_time(sample.time)},
          {"value", is_deep_json(value) ? json(value) : json::parse(value, nullptr, false)},
          {"quality", model::quality_name(sample.quality)},
          {"reason", letter.reason},
          {"count", letter.count},
          {"refused_at", format_time(letter.refused)}};
}

Result<Reply> list(Shared& shared, const Call& call) {
  const auto page = page_query(call);
  if (!page) return page.error();
  spine::Sequence after = 0;
  std::from_chars(page->after.data(), page->after.data() + page->after.size(), after);
  auto letters = shared.parts.instances.dead_letters(call.segment("instance"), after, page->limit + 1);
  if (!letters) return letters.error();
  const bool more = letters->size() > page->limit;
  if (more) letters->pop_back();
  auto items = json::array();
  for (const auto& letter : *letters) items.push_back(letter_json(letter, shared.parts.points));
  return page_reply(call, std::move(items), more ? std::to_string(letters->back().sequence) : "");
}

Result<Reply> retry(Shared& shared, const Call& call) {
  const auto status = shared.parts.instances.get(call.segment("instance"));
  if (!status) return status.error();
  if (auto begun = shared.parts.instances.retry_dead_letters(status->record.id); !begun) return begun.error();
  return json_reply({{"dead_letters", status->delivery ? status->delivery->dead_letters.kept : 0}}, 202);
}

Result<Reply> forget(Shared& shared, const Call& call) {
  if (auto gone = shared.parts.instances.drop_dead_letters(call.segment("instance")); !gone) return gone.error();
  return no_content();
}

struct Start {
  spine::Sequence sequence = 0;
  bool complete = true;  // the log goes back so far
};

Result<Start> start_of(Shared& shared, const json& body) {
  const auto sequence = body.find("sequence"), from = body.find("from");
  if ((sequence == body.end()) == (from == body.end()))
    return Error{Code::invalid, "send either from, a time, or sequence, a number", "/from"};
  auto& log = shared.parts.spine;
  const auto begin = log.begin();
  if (sequence != body.end()) {
    if (!sequence->is_number_unsigned()) return Error{Code::invalid, "sequence: send a number from 0 on", "/sequence"};
    const auto number = sequence->get<spine::Sequence>();
    return Start{number, number >= begin};
  }
  if (!from->is_string()) return Error{Code::invalid, "from: send a time such as 2026-11-22T08:00:00Z", "/from"};
  const auto time = parse_time(from->get<std::string>());
  if (!time) return Error{Code::invalid, "from: " + time.error().message, "/from"};
  const auto found = log.sequence_at(*time);
  if (!found) return found.error();
  return Start{*found, begin == 1 || *found > begin || log.commit_time(begin).value_or(INT64_MAX) <= *time};
}

Result<Reply> replay(Shared& shared, const Call& call) {
  const auto body = parse_object(call.request.body);
  if (!body) return body.error();
  const auto start = start_of(shared, *body);
  if (!start) return problem(start.error().code == Code::invalid ? 422 : status_of(start.error().code), start.error());
  const auto sequence = shared.parts.instances.replay(call.segment("instance"), start->sequence);
  if (!sequence)
    return problem(sequence.error().code == Code::invalid ? 422 : status_of(sequence.error().code), sequence.error());
  json answer{{"sequence", *sequence}, {"committed", nullptr}, {"complete", start->complete}, {"detail", nullptr}};
  const auto committed = shared.parts.spine.commit_time(*sequence);
  if (committed && *sequence < shared.parts.spine.end()) answer["committed"] = format_time(*committed);
  if (!start->complete)
    answer["detail"] = "the log keeps readings from " + std::to_string(*sequence) +
                       (committed ? " (" + format_time(*committed) + ")" : "") +
                       " on and goes on there; older ones are in the history";
  return json_reply(answer, 202);
}

}  // namespace

void add_delivery_routes(Router& router, Shared& shared) {
  constexpr auto letters = "/api/v1/instances/{instance}/dead-letters";
  router.add({"GET", letters, Access::user, [&](const Call& c) { return list(shared, c); }});
  router.add({"DELETE", letters, Access::user, [&](const Call& c) { return forget(shared, c); }});
  router.add({"POST", "/api/v1/instances/{instance}/dead-letters/retry", Access::user,
              [&](const Call& c) { return retry(shared, c); }});
  router.add(
      {"POST", "/api/v1/instances/{instance}/replay", Access::user, [&](const Call& c) { return replay(shared, c); }});
}

}  // namespace myriad::api
