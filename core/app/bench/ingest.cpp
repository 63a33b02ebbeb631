#include "app/bench/ingest.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/bench/usage.h"

namespace myriad::app::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr const char* instance = "bench";
constexpr std::uint32_t batch_readings = 256;
constexpr double patience_s = 30;  // without any sign of life

// A simulator that was just made describes its Things, which takes a commit each, then sends.
Status wait_for_readings(Flow& flow, std::uint32_t points, Progress& progress) {
  const auto& floors = flow.floors();
  std::size_t things = 0;
  for (Stopwatch quiet; floors.spine->end() == 1; std::this_thread::sleep_for(1ms)) {
    if (const auto now = floors.registry->thing_count(); now > things) things = now, quiet = {};
    progress.at(static_cast<double>(things) * 10 / points);
    if (quiet.seconds() < patience_s) continue;
    const auto status = floors.instances->get(instance);
    const bool said = status && status->last_error;
    return Error{Code::unavailable, "the simulator sends nothing" + (said ? ": " + status->last_error->message : "")};
  }
  return {};
}

Status start_simulator(Flow& flow, std::uint32_t points, Progress& progress) {
  progress.stage("starting the simulator with " + std::to_string(points) + " points");
  const nlohmann::json config{{"load", {{"points", points}, {"batch", batch_readings}, {"name", instance}}}};
  const auto made = flow.floors().instances->create({instance, "simulator", config.dump(), true, 0});
  return made ? wait_for_readings(flow, points, progress) : made.error();
}

// Stops at the load's end; tells the most resident memory.
double follow(Flow& flow, const Load& load, const Stopwatch& watch, Progress& progress) {
  double resident = 0;
  for (double share = 0; share < 1;) {
    std::this_thread::sleep_for(20ms);
    const auto stored = static_cast<double>(flow.floors().spine->stats().committed);
    share = std::max(stored / static_cast<double>(load.readings), watch.seconds() / load.seconds);
    progress.at(share);
    resident = std::max(resident, resident_mb(::getpid()));
  }
  return resident;
}

// What is stored must be what was taken: one point is read back, and holds its share of the rounds over all points.
Status check_stored(Flow& flow, std::uint32_t points, std::uint64_t readings) {
  const std::string point = std::string(instance) + "-1/v0";
  const auto found = flow.floors().history->query(point, {}, readings + 1);
  if (!found) return found.error();
  const std::uint64_t share = readings / points + (readings % points == 0 ? 0 : 1);  // the first point's
  if (found->size() == share) return {};
  return Error{Code::internal, point + " has " + std::to_string(found->size()) + " readings in history, not the " +
                                   std::to_string(share) + " of " + std::to_string(readings) + ": please report this"};
}

}  // namespace

Result<Ingest> measure_ingest(Flow& flow, const Load& load, Progress& progress) {
  if (auto started = start_simulator(flow, load.points, progress); !started) return started.error();

  progress.stage("simulator to spine to historian");
  const Stopwatch watch;
  const double cpu = cpu_seconds();
  const std::uint64_t before = flow.floors().history->stats().readings;
  Ingest result;
  result.resident_mb = follow(flow, load, watch, progress);
  if (auto stopped = flow.floors().instances->stop(instance); !stopped) return stopped.error();
  if (auto taken = flow.wait_until_taken(progress); !taken) return taken.error();
  result.seconds = watch.seconds();
  result.cpu_seconds = cpu_seconds() - cpu;
  result.resident_mb = std::max(result.resident_mb, resident_mb(::getpid()));

  const auto stored = flow.floors().history->stats();
  result.readings = stored.readings - before;
  result.spine_bytes = static_cast<double>(flow.floors().spine->stats().disk_bytes);
  if (auto right = check_stored(flow, load.points, stored.readings); !right) return right.error();
  return result;
}

Result<Delay> measure_delay(Flow& flow, std::uint32_t points, double per_s, double seconds, Progress& progress) {
  progress.stage("publish to durable, at half the rate");
  const auto ids = flow.intern("paced", points);
  if (!ids) return ids.error();
  Walks walks(Walks::flood(*ids));
  const auto batches = static_cast<std::size_t>(std::max(1.0, per_s * seconds / batch_readings));
  std::vector<double> waited(batches);
  std::atomic<std::size_t> done = 0, refused = 0;
  const Stopwatch watch;
  for (std::size_t i = 0; i < batches; ++i) {
    const double due = static_cast<double>(i) * batch_readings / per_s;
    if (due > watch.seconds()) std::this_thread::sleep_for(std::chrono::duration<double>(due - watch.seconds()));
    const Stopwatch sent;
    const auto note = [&waited, &done, &refused, i, sent](const Status& status, spine::Sequence) {
      waited[i] = sent.milliseconds();
      if (!status) ++refused;
      ++done;
    };
    const auto& batch = walks.next(batch_readings);
    while (!flow.floors().spine->append(batch.view(), note)) std::this_thread::sleep_for(1ms);
    progress.at(static_cast<double>(i) / static_cast<double>(batches));
  }
  while (done < batches) std::this_thread::sleep_for(1ms);
  if (refused > 0) return Error{Code::unavailable, "the disk refused readings: is it full?"};
  std::sort(waited.begin(), waited.end());
  return Delay{waited[batches / 2], waited[batches * 99 / 100]};
}

}  // namespace myriad::app::bench
