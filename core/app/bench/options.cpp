#include "app/bench/options.h"

#include <Poco/Exception.h>
#include <Poco/NumberParser.h>
#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/Option.h>
#include <Poco/Util/OptionProcessor.h>
#include <Poco/Util/OptionSet.h>

#include <algorithm>
#include <optional>
#include <sstream>

namespace myriad::app::bench {
namespace {

using Poco::Util::Option;

constexpr const char* usage = R"(usage: myriad bench ingest|query|footprint [options]

  ingest      how fast readings become durable and queryable, at what cost, beside bare SQLite in the same run;
              then, shorter, everything below
  query       how long typical questions to the history take, over HTTP and in the process
  footprint   how fast the daemon starts and what it takes, idle and under load

Each makes a temporary folder on the disk, removes it, and touches nothing else. Close other programs first.
myriad bench COMMAND --help says what each figure means. Exit codes: 0 done, 1 failed, 2 misused.
)";

constexpr const char* ingest_figures = R"(
The simulator plugin publishes random walks of two decimals in batches of 256, as fast as the daemon takes them. They pass
the spine (on disk: WAL, synchronous=FULL), the historian and the latest values, wired as `myriad serve` wires them.

  durable_readings_per_s          stored by the historian after the spine's commit; counted in what is stored
  cpu_us_per_reading              user and system time of the whole process, the producer's too, over those readings
  durable_p50_ms, durable_p99_ms  from publish to commit, at half that rate
  bytes_per_reading               history.db with everything in it, after compaction, over its readings: 1,000 points
                                  at 1 Hz, times jittered by 0 to 19 ms, walks of two decimals
  spine_bytes_per_reading         the log before it, a ring of bounded size (serve --spine-megabytes)
  baseline_rows_readings_per_s    the bare baselines of the same run: a row for each reading into SQLite,
  baseline_chunks_readings_per_s  the like readings made, gathered by point, encoded as the historian does and written
                                  straight to SQLite (synchronous=FULL, 200 chunks a commit) by one thread,
  baseline_copy_readings_per_s    and those chunks only copied into SQLite, already encoded
  ratio_*                         durable_readings_per_s over each
  flow_rss_mb                     the most resident memory of this process while it stored
)";

constexpr const char* query_figures = R"(
One point with a day at 1 Hz and 50 points with a year of 1-min data are stored like any other; then a signed-in client on
loopback asks, with keep-alive. Each figure is the median of 15 after 2 to warm up; local_* asks the historian in the
process, local_*_cpu_ms is what that took of a core.

  query_day_raw_ms        one point, one day at 1 Hz: 86,400 readings as JSON
  query_day_minutes_ms    the same day as 1-min means
  query_year_hours_ms     one point, one year of 1-min data as 1 h means
  query_year_hours_50_ms  the same of 50 points at once
)";

constexpr const char* footprint_figures = R"(
Starts `myriad serve` with its plugins on an empty data directory, five times; then lets the simulator of the last one
publish as fast as it can, with a row of figures every few seconds.

  ready_ms                from the start of the process until it serves: the median
  rss_mb                  resident memory of the idle daemon
  idle_cpu_percent        of one core
  threads                 of the idle daemon
  ingest_rss_mb           the most resident memory while it stores readings of --points points
  ingest_growth_mb        the last fifth of that time against the second
  ingest_readings_per_s   taken by the historian
  ingest_lag_readings     committed and not yet taken by it, at the end
  latest_bytes_per_point  names and latest values of 500,000 points of 100,000 Things in memory
)";

Option valued(const char* name, const std::string& what, const char* value) {
  return Option(name, "", what, false).argument(value);
}

Poco::Util::OptionSet option_set(What what) {
  const Options usual;
  Poco::Util::OptionSet set;
  switch (what) {
    case What::ingest:
      set.addOption(valued("readings", "store so many (" + std::to_string(usual.readings) + ")", "N"));
      set.addOption(valued("points", "of so many points (1000)", "N"));
      set.addOption(valued("seconds", "and for at most so long (20)", "N"));
      set.addOption(valued("days", "so many days of 1-min data for the queries (365)", "N"));
      set.addOption(Option("alone", "", "only the flow and its delay: no sizes, baselines, queries, footprint", false));
      break;
    case What::query:
      set.addOption(valued("days", "so many days of 1-min data (365)", "N"));
      break;
    case What::footprint:
      set.addOption(valued("points", "the simulator has so many points (1000)", "N"));
      set.addOption(valued("seconds", "and publishes for so long (20)", "N"));
      break;
  }
  set.addOption(valued("dir", "make the temporary folder there (the system's, or here when that is in memory)", "DIR"));
  set.addOption(Option("json", "", "one JSON object on standard output", false));
  set.addOption(Option("help", "h", "this text", false));
  return set;
}

Error refuse(const std::string& option, const std::string& value, const std::string& remedy) {
  return {Code::invalid, "--" + option + " " + value + ": " + remedy, option};
}

template <class Number>
Status take_number(const std::string& name, const std::string& value, std::uint64_t least, std::uint64_t most,
                   Number& out) {
  Poco::UInt64 number = 0;
  if (!Poco::NumberParser::tryParseUnsigned64(value, number) || number < least || number > most)
    return refuse(name, value, "use a number from " + std::to_string(least) + " to " + std::to_string(most));
  out = static_cast<Number>(number);
  return {};
}

Status take(Options& out, const std::string& name, const std::string& value) {
  if (name == "help") out.help = true;
  if (name == "json") out.json = true;
  if (name == "alone") out.alone = true;
  if (name == "dir") out.dir = value;
  if (name == "readings") return take_number(name, value, 1'000, 100'000'000'000, out.readings);
  if (name == "points") return take_number(name, value, 1, 1'000'000, out.points);
  if (name == "seconds") return take_number(name, value, 1, 86'400, out.seconds);
  if (name == "days") return take_number(name, value, 1, 3'650, out.days);
  return {};
}

std::optional<What> find(const std::string& name) {
  if (name == "ingest") return What::ingest;
  if (name == "query") return What::query;
  if (name == "footprint") return What::footprint;
  return std::nullopt;
}

const char* name_of(What what) {
  switch (what) {
    case What::ingest:
      return "ingest";
    case What::query:
      return "query";
    case What::footprint:
      return "footprint";
  }
  return "";
}

const char* figures_of(What what) {
  switch (what) {
    case What::ingest:
      return ingest_figures;
    case What::query:
      return query_figures;
    case What::footprint:
      return footprint_figures;
  }
  return "";
}

}  // namespace

Result<Options> parse(const std::vector<std::string>& args) {
  Options out;
  const std::string command = args.empty() ? "" : args.front();
  const auto what = find(command);
  if (!what && (command == "--help" || command == "-h" || command == "help")) {
    out.help = true;
    return out;
  }
  if (!what)
    return Error{Code::invalid, (command.empty() ? "say what to measure" : "bench has no '" + command + "'") +
                                    ": use ingest, query or footprint; see myriad bench --help"};
  out.what = *what;
  const std::string more = "; see myriad bench " + command + " --help";
  try {
    const auto options = option_set(*what);
    Poco::Util::OptionProcessor processor(options);
    processor.setUnixStyle(true);
    for (std::size_t i = 1; i < args.size(); ++i) {
      std::string name, value;
      if (!processor.process(args[i], name, value))
        return Error{Code::invalid, "'" + args[i] + "': options start with --" + more};
      if (auto taken = name.empty() ? Status{} : take(out, name, value); !taken) return taken.error();
    }
    processor.checkRequired();
    return out;
  } catch (const Poco::Exception& e) {
    return Error{Code::invalid, e.displayText() + more};
  }
}

std::string help() {
  return usage;
}

std::string help(What what) {
  const auto options = option_set(what);
  Poco::Util::HelpFormatter formatter(options);
  formatter.setCommand(std::string("myriad bench ") + name_of(what));
  formatter.setUsage("[options]");
  formatter.setUnixStyle(true);
  formatter.setAutoIndent();
  formatter.setWidth(110);
  std::ostringstream text;
  formatter.format(text);
  return text.str() + figures_of(what);
}

}  // namespace myriad::app::bench
