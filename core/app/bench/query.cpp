#include "app/bench/query.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/bench/rest.h"
#include "app/bench/usage.h"
#include "base/time_text.h"
#include "historian/aggregate.h"

namespace myriad::app::bench {
namespace {

constexpr Nanos second = 1'000'000'000, minute = 60 * second, day = 86'400 * second;
constexpr std::uint32_t year_points = 50;
constexpr int warm_ups = 2, rounds = 15;
constexpr const char* password = "correct horse battery staple";

// Asked over HTTP, and of the historian itself.
struct Question {
  std::string key, what;  // query_<key>_ms, local_<key>_ms
  std::string points;     // a name or a pattern
  std::uint32_t count;    // of the points
  Nanos from, to;
  std::string step;  // empty: raw
  std::size_t rows;  // that the answer must have
};

// Where the data lies: ends a week ago, away from any boundary of chunks.
struct Span {
  Nanos from, to;
};
Span last(Nanos length) {
  const Nanos to = (SystemClock().now() / day - 7) * day;
  return {to - length, to};
}

std::vector<Question> questions(std::uint32_t days) {
  const auto one = last(day), many = last(days * day);
  const std::size_t hours = std::size_t{days} * 24;
  const std::string year = days == 365 ? "a year" : std::to_string(days) + " days";
  return {
      {"day_raw", "one point, a day at 1 Hz: raw as JSON", "day-1/value", 1, one.from, one.to, "", 86'400},
      {"day_minutes", "one point, a day at 1 Hz: 1-min means", "day-1/value", 1, one.from, one.to, "1m", 1'440},
      {"year_hours", "one point, " + year + " of 1-min data: 1 h means", "year-1/value", 1, many.from, many.to, "1h",
       hours},
      {"year_hours_50", "50 points, the same", "year-*/value", year_points, many.from, many.to, "1h",
       hours * year_points},
  };
}

Status store(Flow& flow, std::uint32_t days, Progress& progress) {
  progress.stage("storing a day at 1 Hz");
  const auto one = flow.intern("day", 1);
  if (!one) return one.error();
  Walks fast({.points = *one, .start = last(day).from, .step = second, .jitter = 19});
  if (auto done = flow.publish(fast, 86'400, progress); !done) return done;

  progress.stage("storing " + std::to_string(days) + " days of 1-min data of 50 points");
  const auto many = flow.intern("year", year_points);
  if (!many) return many.error();
  Walks slow({.points = *many, .start = last(days * day).from, .step = minute, .jitter = 19});
  if (auto done = flow.publish(slow, std::uint64_t{days} * 1'440 * year_points, progress); !done) return done;
  if (auto taken = flow.wait_until_taken(progress); !taken) return taken;
  return flow.settle(progress);
}

std::string path_of(const Question& question) {
  return "/history?point=" + question.points + "&from=" + format_time(question.from) +
         "&to=" + format_time(question.to) + "&limit=1000000" +
         (question.step.empty() ? "" : "&step=" + question.step + "&aggregate=mean");
}

Status check(const Question& question, std::size_t rows) {
  if (rows == question.rows) return {};
  return Error{Code::internal, question.what + " gave " + std::to_string(rows) + " rows, not " +
                                   std::to_string(question.rows) + ": please report this"};
}

std::size_t rows_of(const std::string& body) {
  const auto answer = nlohmann::json::parse(body);
  std::size_t rows = 0;
  for (const auto& series : answer.at("series")) rows += series.at("values").size();
  return rows;
}

Result<std::size_t> ask_historian(historian::Historian& history, const Question& question, const std::string& point) {
  if (question.step.empty()) {
    const auto found = history.query(point, {question.from, question.to}, question.rows + 1);
    return found ? Result<std::size_t>(found->size()) : found.error();
  }
  const auto steps = historian::Steps::parse(question.step, "");
  if (!steps) return steps.error();
  const auto found =
      history.aggregate(point, {.range = {question.from, question.to}, .steps = *steps}, question.rows + 1);
  return found ? Result<std::size_t>(found->size()) : found.error();
}

// The median of what `ask` takes, in ms; its failure ends it.
template <class F>
Result<double> median_of(F&& ask, Progress& progress) {
  std::vector<double> took;
  for (int round = 0; round < warm_ups + rounds; ++round) {
    const Stopwatch watch;
    if (auto asked = ask(); !asked) return asked.error();
    if (round >= warm_ups) took.push_back(watch.milliseconds());
    progress.at(static_cast<double>(round) / (warm_ups + rounds));
  }
  std::nth_element(took.begin(), took.begin() + rounds / 2, took.end());
  return took[rounds / 2];
}

Status ask_rest(Rest& rest, const Question& question, Report& report, Progress& progress) {
  progress.stage("asking over HTTP: " + question.what);
  std::string body;
  const auto get = [&]() -> Status {
    auto answer = rest.get(path_of(question));
    if (!answer) return answer.error();
    body = std::move(*answer);
    return {};
  };
  const auto took = median_of(get, progress);
  if (!took) return took.error();
  report.add("query_" + question.key + "_ms", *took, "ms", question.what);
  return check(question, rows_of(body));
}

Status ask_here(Flow& flow, const Question& question, Report& report, Progress& progress) {
  progress.stage("asking in the process: " + question.what);
  std::size_t rows = 0;
  const auto all = [&]() -> Status {
    rows = 0;
    for (std::uint32_t i = 1; i <= question.count; ++i) {
      const std::string prefix = question.points.substr(0, question.points.find('-') + 1);
      const auto found = ask_historian(*flow.floors().history, question, prefix + std::to_string(i) + "/value");
      if (!found) return found.error();
      rows += *found;
    }
    return {};
  };
  const double cpu = thread_cpu_seconds();
  const auto took = median_of(all, progress);
  if (!took) return took.error();
  report.add("local_" + question.key + "_ms", *took, "ms", "  in the process");
  report.add("local_" + question.key + "_cpu_ms", (thread_cpu_seconds() - cpu) * 1e3 / (warm_ups + rounds), "ms", "");
  return check(question, rows);
}

}  // namespace

Status measure_queries(const std::filesystem::path& data, std::uint32_t days, Report& report, Progress& progress) {
  auto flow = Flow::open(data);
  if (!flow) return flow.error();
  if (auto stored = store(**flow, days, progress); !stored) return stored;
  const auto port = (*flow)->serve(password);
  if (!port) return port.error();
  const auto rest = Rest::sign_in(*port, password);
  if (!rest) return rest.error();
  for (const auto& question : questions(days)) {
    if (auto asked = ask_rest(**rest, question, report, progress); !asked) return asked;
    if (auto asked = ask_here(**flow, question, report, progress); !asked) return asked;
  }
  return {};
}

}  // namespace myriad::app::bench
