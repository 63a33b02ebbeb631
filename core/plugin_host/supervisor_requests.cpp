// What others ask of a running instance: to write, read, serve, and to deliver again. Each waits on the instance's
// strand for its turn, no longer than it was given.
#include "plugin_host/supervisor_run.h"

namespace myriad::plugin_host {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

Status Supervisor::write(std::uint32_t point, std::string_view name, const model::Value& value, milliseconds limit) {
  const auto batch = std::make_shared<model::Batch>();
  model::append(*batch, model::PointId{point}, {context_.parts.clock.now(), value, MYRIAD_GOOD});
  return request(limit, "write " + std::string(name), [batch](Runner& runner) {
    const auto view = batch->view();
    return runner.write({sizeof(myriad_batch), sizeof(myriad_reading), view.readings.data(), view.blob.data(), 1,
                         static_cast<std::uint32_t>(view.blob.size()), 0});
  });
}

Status Supervisor::read(std::uint32_t point, std::string_view name, milliseconds limit) {
  const auto deadline = context_.parts.clock.now() + nanoseconds(limit).count();
  return request(limit, "read " + std::string(name),
                 [point, deadline](Runner& runner) { return runner.read(point, deadline); });
}

Result<HttpResponse> Supervisor::serve(HttpRequest http, milliseconds limit) {
  constexpr std::size_t max_response = 4 << 20;
  struct Exchange {
    HttpRequest request;
    HttpResponse response;
  };
  const auto exchange = std::make_shared<Exchange>(Exchange{std::move(http), {}});
  auto served = request(limit, "serve " + exchange->request.path.substr(0, 100),
                        [exchange](Runner& runner) { return runner.serve(exchange->request, exchange->response); });
  if (!served) return served.error();
  auto& response = exchange->response;
  const bool is_response = response.status >= 200 && response.status < 600 && response.body.size() <= max_response &&
                           response.content_type.find_first_of("\r\n") == std::string::npos;
  if (!is_response)
    return Error{Code::internal, "the plugin's response is none: its status is 200 to 599, its body at most 4 MiB"};
  return std::move(response);
}

Status Supervisor::request(milliseconds limit, std::string_view what, std::function<Outcome(Runner&)> work) {
  const auto run = current();
  const auto now = status().state;
  if (!run || (now != State::running && now != State::degraded))
    return Error{Code::conflict, "cannot " + std::string(what) + ": instance '" + id_ + "' is " +
                                     std::string(state_name(now)) + ": start it"};
  const auto answer = std::make_shared<Outcome>();
  const auto call = strand()->call(
      [self = shared_from_this(), run, answer, work = std::move(work)] {
        *answer = run->over ? Outcome{MYRIAD_E_CANCELLED, "the instance was stopped meanwhile"} : work(run->runner);
        if (meaning(answer->status) == Meaning::broken) self->fault(run, *answer);
      },
      Scheduler::Clock::now() + limit);
  const auto within = " within " + std::to_string(limit.count()) + " ms";
  if (call == Strand::Call::never_ran)
    return Error{Code::timeout,
                 "cannot " + std::string(what) + ": the equipment was busy and nothing was sent" + within};
  if (call == Strand::Call::still_running) {
    run->runner.cancel();
    return Error{Code::timeout, std::string(what) + ": the equipment did not confirm" + within +
                                    "; it may have been done: read it back"};
  }
  if (answer->ok()) return {};
  return to_error(*answer);
}

// On the strand, so that no delivery is under way, and neither a start nor a stop.
Status Supervisor::replay(spine::Sequence from) {
  const auto moved = std::make_shared<Status>();
  const auto call = strand()->call(
      [self = shared_from_this(), moved, from] {
        const auto run = self->current();
        if (run && run->delivery && !run->over) return run->delivery->go_to(from);
        *moved = self->context_.parts.spine.save_cursor(self->cursor_, {from, {}});
      },
      Scheduler::Clock::now() + context_.parts.timings.control);
  if (call == Strand::Call::done) return *moved;
  return Error{Code::timeout, "instance '" + id_ + "' is busy with a delivery: send it again, or stop it first"};
}

Status Supervisor::retry_dead_letters() {
  const auto run = current();
  const auto now = status().state;
  if (!run || !run->delivery || (now != State::running && now != State::degraded))
    return Error{Code::conflict, "cannot deliver dead letters again: instance '" + id_ + "' is " +
                                     std::string(state_name(now)) + ": start it"};
  strand()->post([run] {
    if (!run->over) run->delivery->retry_letters();
  });
  return {};
}

}  // namespace myriad::plugin_host
