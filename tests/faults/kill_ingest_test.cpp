// Laws 1 and 2: `kill -9` at any moment loses no acknowledged reading, doubles none and invents none, in the spine and
// in history. Twenty rounds on one data directory.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <random>

#include "base/temp_dir.h"
#include "historian/historian.h"
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

// How many readings there are; checks that they are 0, 1, 2 … in order.
std::int64_t count_in_spine(spine::Spine& spine) {
  std::int64_t count = 0;
  for (spine::Sequence from = spine.begin(); from < spine.end();) {
    const auto block = spine.read(from);
    if (!block || !*block) {
      ADD_FAILURE() << "no block at " << from;
      break;
    }
    for (; from < (*block)->end(); ++from, ++count) {
      const auto& r = (*block)->batch.readings[from - (*block)->first];
      if (r.value.i64 != count) {
        ADD_FAILURE() << "reading " << r.value.i64 << " where " << count << " belongs";
        return count;
      }
    }
  }
  return count;
}

void expect_in_history(historian::Historian& history, std::int64_t count) {
  std::int64_t found = 0;
  for (std::int64_t p = 0; p < 4; ++p) {
    const auto samples = history.query("kill/p" + std::to_string(p), {}, SIZE_MAX);
    ASSERT_TRUE(samples) << samples.error().message;
    for (std::size_t i = 0; i < samples->size(); ++i)
      ASSERT_EQ(std::get<std::int64_t>((*samples)[i].value), static_cast<std::int64_t>(i) * 4 + p);
    found += static_cast<std::int64_t>(samples->size());
  }
  EXPECT_EQ(found, count);
  // Writing the same twice would be hidden by "one per time", but not from the count.
  EXPECT_EQ(history.stats().readings, static_cast<std::uint64_t>(count));
}

TEST(KillIngest, LosesDoublesAndInventsNothing) {
  const TempDir dir;
  std::mt19937 random(11);
  std::int64_t stored = 0;
  for (int round = 0; round < 20; ++round) {
    std::int64_t acknowledged = -1;
    {
      Writer writer(dir.path(), stored);
      const auto deadline = steady_clock::now() + patience;
      while (acknowledged < 0 && steady_clock::now() < deadline)
        acknowledged = writer.listen(std::chrono::milliseconds(20 + random() % 200));
      writer.kill();
      acknowledged = std::max(acknowledged, writer.rest());
    }
    ASSERT_GE(acknowledged, stored) << "round " << round;
    SystemClock clock;
    model::Points points;
    const auto spine = spine::Spine::open({.file = dir / "spine.db"}, points, clock, Log::none());
    ASSERT_TRUE(spine) << spine.error().message;
    stored = count_in_spine(**spine);
    EXPECT_GT(stored, acknowledged) << "round " << round;
    if (round % 4 != 3) continue;  // else the history's restarts follow each other
    const auto history = historian::Historian::open({.file = dir / "history.db", .chunk_readings = 64}, **spine, points,
                                                    clock, Log::none());
    ASSERT_TRUE(history) << history.error().message;
    ASSERT_TRUE((*history)->wait((*spine)->end(), steady_clock::now() + patience));
    expect_in_history(**history, stored);
  }
}

}  // namespace
}  // namespace myriad
