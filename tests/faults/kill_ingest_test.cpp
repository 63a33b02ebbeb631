// Laws 1 and 2: `kill -9` at any moment loses no acknowledged reading, doubles none and invents none, in the spine and
// in history, with late readings and readings written again. A hundred rounds on one data directory; in some the writer
// dies while it repairs what the one before left.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <map>
#include <random>
#include <thread>

#include "base/temp_dir.h"
#include "historian/historian.h"
#include "kill_ingest_readings.h"
#include "spine/spine.h"

namespace myriad {
namespace {

using std::chrono::steady_clock;
const auto patience = std::chrono::seconds(60);

// A writer process, and what it has said so far.
class Writer {
 public:
  Writer(const std::string& dir, std::int64_t first) {
    int ends[2];
    if (::pipe(ends) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::execl(KILL_INGEST_WRITER, KILL_INGEST_WRITER, dir.c_str(), std::to_string(first).c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    out_ = ends[0];
  }
  ~Writer() {
    kill();
    ::close(out_);
  }

  // Reads acknowledgements for so long; the last one, or -1.
  std::int64_t listen(std::chrono::milliseconds time) {
    const auto end = steady_clock::now() + time;
    std::int64_t last = -1;
    while (steady_clock::now() < end) {
      pollfd ready{out_, POLLIN, 0};
      if (::poll(&ready, 1, 5) == 1 && !read_one(last)) break;
    }
    return last;
  }
  std::int64_t rest() {
    std::int64_t last = -1;
    while (read_one(last)) continue;
    return last;
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  bool read_one(std::int64_t& number) { return ::read(out_, &number, sizeof number) == sizeof number; }
  pid_t pid_ = -1;
  int out_ = -1;
};

// Every reading of the spine is the one whose number belongs there.
void expect_in_spine(spine::Spine& spine) {
  for (spine::Sequence from = spine.begin(); from < spine.end();) {
    const auto block = spine.read(from);
    ASSERT_TRUE(block) << block.error().message;
    ASSERT_TRUE(*block) << "no block at " << from;
    for (; from < (*block)->end(); ++from) {
      const auto& r = (*block)->batch.readings[from - (*block)->first];
      ASSERT_EQ(r.value.i64, static_cast<std::int64_t>(from) - 1);
      ASSERT_EQ(r.time_ns, kill_ingest::time_of(r.value.i64));
    }
  }
}

void expect_in_history(historian::Historian& history, std::int64_t count) {
  for (std::int64_t p = 0; p < kill_ingest::points; ++p) {
    std::map<std::int64_t, std::int64_t> last;  // the value written last, by time
    for (std::int64_t n = p; n < count; n += kill_ingest::points) last[kill_ingest::time_of(n)] = n;
    const auto samples = history.query(kill_ingest::point_of(p), {}, SIZE_MAX);
    ASSERT_TRUE(samples) << samples.error().message;
    ASSERT_EQ(samples->size(), last.size());
    auto expected = last.begin();
    for (const auto& sample : *samples) {
      ASSERT_EQ(sample.time, expected->first);
      ASSERT_EQ(std::get<std::int64_t>(sample.value), expected->second) << "at " << sample.time;
      ++expected;
    }
  }
  // Taking the same twice would be hidden by "one per time", but not from the count.
  EXPECT_EQ(history.stats().readings, static_cast<std::uint64_t>(count));
}

// Writes until it is killed; the number acknowledged last. -1 when it had no time to.
std::int64_t write_and_die(const std::string& dir, std::int64_t first, std::chrono::milliseconds time) {
  Writer writer(dir, first);
  const auto acknowledged = writer.listen(time);
  writer.kill();
  return std::max(acknowledged, writer.rest());
}

void check(const std::string& dir, bool in_history, std::int64_t& acknowledged) {
  SystemClock clock;
  model::Points points;
  const auto spine = spine::Spine::open({.file = dir + "/spine.db"}, points, clock, Log::none());
  ASSERT_TRUE(spine) << spine.error().message;
  const auto stored = static_cast<std::int64_t>((*spine)->end()) - 1;
  ASSERT_GT(stored, acknowledged);
  acknowledged = stored - 1;
  if (!in_history) return;  // else the history's restarts follow each other
  expect_in_spine(**spine);
  const auto history = historian::Historian::open({.file = dir + "/history.db", .chunk_readings = 64}, **spine, points,
                                                  clock, Log::none());
  ASSERT_TRUE(history) << history.error().message;
  ASSERT_TRUE((*history)->wait((*spine)->end(), steady_clock::now() + patience));
  expect_in_history(**history, stored);
}

TEST(KillIngest, LosesDoublesAndInventsNothing) {
  const TempDir dir;
  std::mt19937 random(11);
  std::int64_t acknowledged = -1;  // and all that was found since
  for (int round = 0; round < 100 && !HasFatalFailure(); ++round) {
    SCOPED_TRACE(round);
    const std::chrono::milliseconds time(round % 3 == 2 ? random() % 10 : 20 + random() % 80);
    const std::int64_t first = acknowledged + 1;
    acknowledged = std::max(acknowledged, write_and_die(dir.path(), first, time));
    check(dir.path(), round % 10 == 9, acknowledged);
  }
  EXPECT_GT(acknowledged, 10'000);
}

}  // namespace
}  // namespace myriad
