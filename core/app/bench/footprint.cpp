#include "app/bench/footprint.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "app/bench/child.h"
#include "app/bench/rest.h"
#include "app/bench/usage.h"

namespace myriad::app::bench {
namespace {

using namespace std::chrono_literals;

constexpr const char* password = "correct horse battery staple";
constexpr double patience_s = 30;  // without any sign of life

// Sleeps, showing how far it is.
void pass(double seconds, Progress& progress) {
  for (const Stopwatch watch; watch.seconds() < seconds; std::this_thread::sleep_for(20ms))
    progress.at(watch.seconds() / seconds);
}

Result<std::unique_ptr<Child>> measure_starts(const std::filesystem::path& dir, int starts, Report& report,
                                              Progress& progress) {
  progress.stage("starting the daemon " + std::to_string(starts) + " times");
  std::vector<double> took;
  std::unique_ptr<Child> last;
  for (int i = 0; i < starts; ++i) {
    last.reset();
    auto child = Child::serve(dir / ("daemon-" + std::to_string(i)), password);
    if (!child) return child.error();
    last = std::move(*child);
    took.push_back(last->ready_ms());
    progress.at(static_cast<double>(i + 1) / starts);
  }
  std::nth_element(took.begin(), took.begin() + starts / 2, took.end());
  report.add("ready_ms", took[static_cast<std::size_t>(starts / 2)], "ms", "start to ready, empty data directory");
  return last;
}

// After the first password was hashed behind the start: signing in waits for that.
void measure_idle(const Child& child, double seconds, Report& report, Progress& progress) {
  progress.stage("idle");
  pass(0.5, progress);  // the sign-in's own traces
  const Stopwatch watch;
  const double cpu = cpu_seconds(child.pid());
  pass(seconds, progress);
  report.add("rss_mb", resident_mb(child.pid()), "MB", "idle: resident memory");
  report.add("idle_cpu_percent", (cpu_seconds(child.pid()) - cpu) / watch.seconds() * 100, "%",
             "idle: CPU of one core");
  report.add("threads", threads(child.pid()), "", "idle: threads");
}

struct Moment {
  double seconds = 0, resident_mb = 0, cpu_seconds = 0;
  double taken = 0, lag = 0;  // readings: taken by the historian; it is behind the spine
};

Result<Moment> look(Rest& rest, const Child& child, const Stopwatch& watch) {
  const auto answer = rest.get("/system");
  if (!answer) return answer.error();
  const auto system = nlohmann::json::parse(*answer);
  const auto next = system.at("history").at("next").get<double>();
  return Moment{watch.seconds(), resident_mb(child.pid()), cpu_seconds(child.pid()),
                next - system.at("history").at("lost").get<double>(),
                system.at("spine").at("end").get<double>() - next};
}

void tell(const Moment& now, const Moment& before, Progress& progress) {
  char line[128];
  std::snprintf(line, sizeof line, "%6.0f s  %7.1f MB  %12.0f readings/s  %12.0f readings behind", now.seconds,
                now.resident_mb, (now.taken - before.taken) / (now.seconds - before.seconds), now.lag);
  progress.say(line);
}

// Mean resident memory of the fifth of the moments that begins there.
double resident_of(const std::vector<Moment>& moments, std::size_t fifth) {
  const std::size_t from = fifth * moments.size() / 5, to = std::max(from + 1, (fifth + 1) * moments.size() / 5);
  double sum = 0;
  for (std::size_t i = from; i < to; ++i) sum += moments[i].resident_mb;
  return sum / static_cast<double>(to - from);
}

// The simulator describes its Things, which takes a commit each, before it sends.
Status wait_for_readings(Rest& rest, std::uint32_t points, Progress& progress) {
  double things = -1;
  for (Stopwatch quiet; quiet.seconds() < patience_s; std::this_thread::sleep_for(50ms)) {
    const auto answer = rest.get("/system");
    if (!answer) return answer.error();
    const auto system = nlohmann::json::parse(*answer);
    if (system.at("spine").at("end") > 1) return {};
    if (const auto now = system.at("things").get<double>(); now > things) things = now, quiet = {};
    progress.at(things * 10 / points);
  }
  return Error{Code::unavailable, "the daemon's simulator sends nothing"};
}

Result<std::vector<Moment>> watch_ingest(Rest& rest, const Child& child, double seconds, Progress& progress) {
  const double row_every = std::max(2.0, seconds / 60);
  const Stopwatch watch;
  std::vector<Moment> moments;
  Moment told;
  while (watch.seconds() < seconds || moments.size() < 5) {
    std::this_thread::sleep_for(200ms);
    progress.at(watch.seconds() / seconds);
    const auto now = look(rest, child, watch);
    if (!now) return now.error();
    moments.push_back(*now);
    if (now->seconds - told.seconds < row_every) continue;
    tell(*now, told, progress);
    told = *now;
  }
  return moments;
}

Status measure_load(Rest& rest, const Child& child, const Footprint& wanted, Report& report, Progress& progress) {
  progress.stage("starting the simulator with " + std::to_string(wanted.points) + " points");
  const nlohmann::json simulator{
      {"id", "bench"}, {"plugin", "simulator"}, {"config", {{"load", {{"points", wanted.points}}}}}};
  if (auto made = rest.post("/instances", simulator); !made) return made.error();
  if (auto sends = wait_for_readings(rest, wanted.points, progress); !sends) return sends;
  progress.stage("storing readings of " + std::to_string(wanted.points) + " points");
  const auto moments = watch_ingest(rest, child, wanted.ingest_seconds, progress);
  if (!moments) return moments.error();
  const auto most = std::max_element(moments->begin(), moments->end(),
                                     [](const auto& a, const auto& b) { return a.resident_mb < b.resident_mb; });
  const Moment &begin = (*moments)[moments->size() / 5], &end = moments->back();  // it has found its pace
  report.add("ingest_points", wanted.points, "", "");
  report.add("ingest_rss_mb", most->resident_mb, "MB", "storing: resident memory, the most");
  report.add("ingest_growth_mb", resident_of(*moments, 4) - resident_of(*moments, 1), "MB", "storing: growth of it");
  report.add("ingest_readings_per_s", (end.taken - begin.taken) / (end.seconds - begin.seconds), "readings/s",
             "storing: rate");
  report.add("ingest_cpu_us_per_reading", (end.cpu_seconds - begin.cpu_seconds) * 1e6 / (end.taken - begin.taken), "us",
             "storing: CPU a reading");
  report.add("ingest_lag_readings", end.lag, "", "storing: historian behind the log at the end, readings");
  return {};
}

}  // namespace

Status measure_footprint(const std::filesystem::path& dir, const Footprint& wanted, Report& report,
                         Progress& progress) {
  const auto child = measure_starts(dir, wanted.starts, report, progress);
  if (!child) return child.error();
  const auto rest = Rest::sign_in((*child)->port(), password);
  if (!rest) return rest.error();
  measure_idle(**child, wanted.idle_seconds, report, progress);
  return measure_load(**rest, **child, wanted, report, progress);
}

}  // namespace myriad::app::bench
