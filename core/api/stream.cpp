// GET /stream: what happens, as server-sent events.
#include <charconv>

#include "api/live_stream.h"
#include "api/point_select.h"
#include "api/problem.h"
#include "api/resources.h"

namespace myriad::api {
namespace {

constexpr std::size_t most_patterns = 1'000;

Result<std::uint64_t> last_event_id(const Call& call) {
  const auto text = call.field("Last-Event-ID");
  std::uint64_t id = 0;
  if (text.empty()) return id;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (fault == std::errc{} && end == text.data() + text.size()) return id;
  return Error{
      Code::invalid,
      "Last-Event-ID '" + std::string(text.substr(0, 40)) + "' is none of ours: send the id of an event, or none",
      "Last-Event-ID"};
}

Result<StreamWishes> wishes_of(const Call& call) {
  StreamWishes wishes;
  const auto [first, last] = call.params.equal_range("points");
  for (auto it = first; it != last; ++it)
    for (auto& pattern : split_list(it->second)) wishes.points.push_back(std::move(pattern));
  if (wishes.points.size() > most_patterns)
    return Error{Code::invalid, "more than 1000 points: use patterns such as meter/*", "points"};
  wishes.events = call.flag("events");
  wishes.instances = call.flag("instances");
  if (wishes.points.empty() && !wishes.events && !wishes.instances) wishes.points = {"*"};
  const auto after = last_event_id(call);
  if (!after) return after.error();
  wishes.resume_after = *after;
  return wishes;
}

Result<Reply> open(Shared& shared, const Call& call) {
  auto wishes = wishes_of(call);
  if (!wishes) return wishes.error();
  auto stream = std::make_shared<LiveStream>(
      shared.parts, std::move(*wishes), [&gate = shared.gate, session = call.session] { return gate.holds(*session); });
  shared.live.join(stream);
  Reply reply;
  reply.type = "text/event-stream";
  reply.fields.emplace_back("Cache-Control", "no-store");
  reply.fields.emplace_back("X-Accel-Buffering", "no");  // or a proxy would hold events back
  if (call.request.head.method != "HEAD") reply.stream = std::move(stream);
  return reply;
}

}  // namespace

void add_stream_routes(Router& router, Shared& shared) {
  router.add({"GET", "/api/v1/stream", Access::user, [&](const Call& c) { return open(shared, c); }});
}

}  // namespace myriad::api
