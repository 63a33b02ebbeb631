// A site for tests: real registry and spine in a directory of its own, and the plugins of tests/broken_plugins.
#pragma once

#include <chrono>
#include <fstream>
#include <functional>
#include <thread>

#include "base/temp_dir.h"
#include "plugin_host/instances.h"

namespace myriad::plugin_host::testing {

using namespace std::chrono_literals;

template <class F>
bool eventually(F&& f) {
  const auto limit = std::chrono::steady_clock::now() + 30s;
  while (std::chrono::steady_clock::now() < limit) {
    if (f()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

constexpr Timings quick{.stop = 1000ms,
                        .control = 20s,
                        .poll = 10s,
                        .restart_first = 5ms,
                        .restart_most = 40ms,
                        .retry_first = 2ms,
                        .retry_most = 20ms};

// As the site's history would: of every point 1.5 in 1970, and one value of 2.5 for each question by steps.
inline Result<model::Batch> remembered(std::string_view, const myriad_history_query& q) {
  if (q.limit == 0) return Error{Code::invalid, "limit 0: use 1 to 100000"};
  model::Batch out;
  model::append(out, model::PointId{q.point}, {q.from_ns, q.step_ns == 0 ? 1.5 : 2.5, MYRIAD_GOOD});
  return out;
}

class Site {
 public:
  explicit Site(Timings timings = quick, Isolation kind = Isolation::in_process) : timings_(timings), kind_(kind) {
    open();
  }
  ~Site() { close(); }

  // As after the end of a process: everything is read again from disk.
  void reopen() {
    close();
    open();
  }
  void close() {
    instances.reset();
    if (spine) spine->close();
    spine.reset();
    registry.reset();
    points.reset();
  }

  Result<InstanceStatus> create(const std::string& id, const std::string& plugin, const nlohmann::json& config) {
    return instances->create({id, plugin, config.dump(), true, 0});
  }
  State state(const std::string& id) { return instances->get(id)->state; }
  bool reaches(const std::string& id, State wanted) {
    return eventually([&] { return state(id) == wanted; });
  }
  // Appends value readings `from`..`to` of a point, durably.
  void append(const std::string& point, std::int64_t from, std::int64_t to) {
    model::Batch batch;
    for (auto v = from; v <= to; ++v) {
      model::Reading r{};
      r.time_ns = clock.now();
      r.point = static_cast<std::uint32_t>(*points->intern(point));
      r.type = MYRIAD_I64;
      r.value.i64 = v;
      batch.readings.push_back(r);
    }
    ASSERT_TRUE(spine->append_and_wait(batch.view()));
  }
  // All values of a point in the log, in order.
  std::vector<std::int64_t> values(const std::string& point) {
    std::vector<std::int64_t> out;
    const auto id = points->find(point);
    for (auto at = spine->begin(); id && at < spine->end();) {
      const auto block = *spine->read(at);
      if (!block) break;
      for (const auto& r : block->batch.readings)
        if (r.point == static_cast<std::uint32_t>(*id)) out.push_back(r.value.i64);
      at = block->end();
    }
    return out;
  }

  TempDir home;
  SystemClock clock;
  std::unique_ptr<Plugins> plugins = Plugins::scan({BROKEN_PLUGINS}, Log::none());
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<model::Points> points;
  std::unique_ptr<spine::Spine> spine;
  std::unique_ptr<Instances> instances;

 private:
  void open() {
    registry = *registry::Registry::open(home / "registry.db");
    points = std::make_unique<model::Points>();
    spine::Options options;
    options.file = home / "spine.db";
    options.commit_interval = 2ms;
    spine = *spine::Spine::open(options, *points, clock, Log::none());
    instances =
        Instances::make({*plugins, *registry, *spine, *points, clock, Log::none(), timings_,
                         kind_ == Isolation::process ? Children{MYRIAD_PROGRAM, home / "instances"} : Children{}});
    instances->start_enabled();
  }
  const Timings timings_;
  const Isolation kind_;
};

}  // namespace myriad::plugin_host::testing
