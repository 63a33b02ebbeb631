#include "app/bench/query.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/bench/rest.h"
#include "app/bench/usage.h"
#include "base/time_text.h"

namespace myriad::app::bench {
namespace {

constexpr Nanos second = 1'000'000'000, minute = 60 * second, day = 86'400 * second;
constexpr std::uint32_t year_points = 50;
constexpr int warm_ups = 2, rounds = 15;
constexpr const char* password = "correct horse battery staple";

struct Question {
  const char* key;  // query_<key>_ms
  const char* what;
  std::string path;
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

std::string range(Span span) {
  return "&from=" + format_time(span.from) + "&to=" + format_time(span.to) + "&limit=100000";
}

std::vector<Question> questions(std::uint32_t) {
  return {{"day_raw", "one point, a day at 1 Hz, raw", "/history?point=day-1/value" + range(last(day)), 86'400}};
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

std::size_t rows_of(const nlohmann::json& answer) {
  std::size_t rows = 0;
  for (const auto& series : answer.at("series")) rows += series.at("values").size();
  return rows;
}

Status check(const Question& question, const std::string& body) {
  const auto rows = rows_of(nlohmann::json::parse(body));
  if (rows == question.rows) return {};
  return Error{Code::internal, "GET " + question.path + " gave " + std::to_string(rows) + " rows, not " +
                                   std::to_string(question.rows) + ": please report this"};
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

Status ask(Rest& rest, const Question& question, Report& report, Progress& progress) {
  progress.stage(std::string("asking: ") + question.what);
  std::string body;
  const auto get = [&]() -> Status {
    auto answer = rest.get(question.path);
    if (!answer) return answer.error();
    body = std::move(*answer);
    return {};
  };
  const auto took = median_of(get, progress);
  if (!took) return took.error();
  report.add(std::string("query_") + question.key + "_ms", *took, "ms", question.what);
  return check(question, body);
}

Status ask_here(Flow& flow, Report& report, Progress& progress) {
  progress.stage("asking in the process");
  const auto span = last(day);
  const auto query = [&]() -> Status {
    const auto found = flow.floors().history->query("day-1/value", {span.from, span.to}, 100'000);
    return found ? Status{} : found.error();
  };
  const auto took = median_of(query, progress);
  if (!took) return took.error();
  report.add("local_day_raw_ms", *took, "ms", "  the same in the process");
  return {};
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
  for (const auto& question : questions(days))
    if (auto asked = ask(**rest, question, report, progress); !asked) return asked;
  return ask_here(**flow, report, progress);
}

}  // namespace myriad::app::bench
