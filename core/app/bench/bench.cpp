#include "app/bench/bench.h"

#include <iostream>

#include "app/bench/baseline.h"
#include "app/bench/footprint.h"
#include "app/bench/ingest.h"
#include "app/bench/latest.h"
#include "app/bench/options.h"
#include "app/bench/progress.h"
#include "app/bench/query.h"
#include "app/bench/report.h"
#include "app/bench/scratch.h"
#include "app/bench/size.h"

namespace myriad::app::bench {
namespace {

constexpr double delay_seconds = 3;

// The flow itself: rate, CPU, memory; then the delay at half the rate.
Result<Ingest> report_flow(const Options& options, const Scratch& scratch, Report& report, Progress& progress) {
  const auto flow = Flow::open(scratch / "flow");
  if (!flow) return flow.error();
  const auto found =
      measure_ingest(**flow, {options.points, options.readings, static_cast<double>(options.seconds)}, progress);
  if (!found) return found.error();
  report.add("points", options.points, "", "points");
  report.add("readings", static_cast<double>(found->readings), "", "readings stored");
  report.add("durable_readings_per_s", found->per_s(), "readings/s", "durable and in history");
  report.add("cpu_us_per_reading", found->cpu_us(), "us", "CPU a reading, producer included");
  report.add("flow_rss_mb", found->resident_mb, "MB", "resident memory of this process, the most");
  report.add("spine_bytes_per_reading", found->spine_bytes / static_cast<double>(found->readings), "B",
             "log on disk, a reading (a ring)");
  return found;
}

Status report_delay(const Options& options, const Scratch& scratch, double per_s, Report& report, Progress& progress) {
  const auto flow = Flow::open(scratch / "paced");
  if (!flow) return flow.error();
  const auto delay = measure_delay(**flow, options.points, per_s, delay_seconds, progress);
  if (!delay) return delay.error();
  report.add("durable_p50_ms", delay->p50_ms, "ms", "publish to durable at half the rate: median");
  report.add("durable_p99_ms", delay->p99_ms, "ms", "publish to durable at half the rate: 99 %");
  return {};
}

Status report_baselines(const Options& options, const Scratch& scratch, double per_s, Report& report,
                        Progress& progress) {
  const auto bare =
      measure_baselines(scratch.path(), options.points, std::max<std::uint64_t>(options.readings / 2, 1'000), progress);
  if (!bare) return bare.error();
  report.add("baseline_rows_readings_per_s", bare->rows, "readings/s", "bare SQLite: a row for each reading");
  report.add("ratio_rows", per_s / bare->rows, "", "  durable over it");
  report.add("baseline_chunks_readings_per_s", bare->chunks, "readings/s", "bare SQLite: readings made into chunks");
  report.add("ratio_chunks", per_s / bare->chunks, "", "  durable over it");
  report.add("baseline_copy_readings_per_s", bare->copy, "readings/s", "bare SQLite: chunks already made");
  report.add("ratio_copy", per_s / bare->copy, "", "  durable over it");
  return {};
}

Status report_size(const Options& options, const Scratch& scratch, Report& report, Progress& progress) {
  progress.stage("storing 1 Hz data, for its size");
  const auto fill = [&](Flow& flow) -> Status {
    const auto points = flow.intern("sensor", 1'000);
    if (!points) return points.error();
    Walks walks(Walks::at_1_hz(*points));
    return flow.publish(walks, options.readings, progress);
  };
  const auto size = measure_size(scratch / "size", fill, progress);
  if (!size) return size.error();
  report.add("bytes_per_reading", size->per_reading(), "B", "history on disk, a reading, all counted");
  return {};
}

Status ingest(const Options& options, const Scratch& scratch, Report& report, Progress& progress) {
  const auto flow = report_flow(options, scratch, report, progress);
  if (!flow) return flow.error();
  const double per_s = flow->per_s();
  if (auto done = report_delay(options, scratch, per_s / 2, report, progress); !done || options.alone) return done;
  if (auto done = report_baselines(options, scratch, per_s, report, progress); !done) return done;
  if (auto done = report_size(options, scratch, report, progress); !done) return done;
  if (auto done = measure_queries(scratch / "query", options.days, report, progress); !done) return done;
  Footprint brief{.starts = 5, .idle_seconds = 1, .points = options.points, .ingest_seconds = 2};
  return measure_footprint(scratch.path(), brief, report, progress);
}

Status report_latest(Report& report, Progress& progress) {
  const auto latest = measure_latest(100'000, 5, progress);
  if (!latest) return latest.error();
  report.add("latest_bytes_per_point", latest->bytes_per_point, "B", "latest values: memory a point, name included");
  report.add("latest_allocated_bytes_per_point", latest->allocated_per_point, "B", "");
  return {};
}

Status footprint(const Options& options, const Scratch& scratch, Report& report, Progress& progress) {
  if (auto done = report_latest(report, progress); !done) return done;
  return measure_footprint(scratch.path(),
                           {.points = options.points, .ingest_seconds = static_cast<double>(options.seconds)}, report,
                           progress);
}

Status measure(const Options& options, const Scratch& scratch, Report& report, Progress& progress) {
  report.add("file_system", scratch.file_system(), "file system");
  switch (options.what) {
    case What::ingest:
      return ingest(options, scratch, report, progress);
    case What::query:
      return measure_queries(scratch / "query", options.days, report, progress);
    case What::footprint:
      return footprint(options, scratch, report, progress);
  }
  return {};
}

int fail(const Error& error, int code) {
  std::cerr << "myriad: " << error.message << '\n';
  return code;
}

}  // namespace

int run(const std::vector<std::string>& args) {
  const auto options = parse(args);
  if (!options) return fail(options.error(), 2);
  if (options->help) {
    std::cout << (args.front().starts_with('-') || args.front() == "help" ? help() : help(options->what));
    return 0;
  }
  const auto scratch = Scratch::make(options->dir);
  if (!scratch) return fail(scratch.error(), 1);
  if ((*scratch)->in_memory())
    std::cerr << "myriad: " << (*scratch)->path().string() << " is in memory: --dir names a folder on a disk\n";

  Report report;
  Status done;
  {
    Progress progress(shows_progress(options->json));
    done = measure(*options, **scratch, report, progress);
  }
  if (!done) return fail(done.error(), 1);
  std::cout << (options->json ? report.json() + '\n' : report.text());
  return 0;
}

}  // namespace myriad::app::bench
