// Many lives of an instance, one after another, and many polls in one: what is held must not grow with their number.
#include <algorithm>
#include <array>

#include "validator/check.h"
#include "validator/footprint.h"
#include "validator/inputs.h"
#include "validator/trial.h"

namespace myriad::validator {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int least_cycles = 12, most_lives = 200, most_polls = 60;
constexpr auto budget = std::chrono::milliseconds(1500) * slowness;
constexpr double small_growth = 16, clear_growth = 64;  // bytes of the heap, a life
constexpr double mapped_growth = 16 << 10;              // bytes of all memory, a life
constexpr double poll_growth = 1 << 10;                 // bytes of the heap, a poll

void live_once(const Subject& subject, Judge& judge) {
  Trial trial(subject, judge);
  trial.begin();
  if (!trial.is_started()) return;
  if (trial.polls()) trial.poll(milliseconds(10));
  auto inputs = Inputs::selected(trial.host());
  if (trial.processor() && !inputs.empty()) {
    std::string state;
    trial.process(inputs.next(8));
    trial.save(state);
  }
}

struct Held {
  std::uint64_t heap = 0, memory = 0, descriptors = 0, threads = 0;
  static Held now() { return {heap_in_use(), writable_memory(), count_descriptors(), count_threads()}; }
};

// Growth a cycle, from one reading to another.
double growth(std::uint64_t from, std::uint64_t to, int cycles) {
  return (static_cast<double>(to) - static_cast<double>(from)) / cycles;
}

// What was held at first and after each third of many repetitions.
struct Course {
  std::array<Held, 4> held;
  int third = 0;

  double all(std::uint64_t Held::*what) const { return growth(held[0].*what, held[3].*what, 3 * third); }
  // It grew in each third, and by about as much.
  bool is_steady(std::uint64_t Held::*what) const {
    std::array<double, 3> each{};
    for (std::size_t i = 0; i < each.size(); ++i) each[i] = growth(held[i].*what, held[i + 1].*what, third);
    const auto [least, most] = std::minmax_element(each.begin(), each.end());
    return *least > 0 && *most < 3 * *least;
  }
};

// As many as the time allows, after some for caches to fill.
template <class Repeat>
Course measure(int most, const Repeat& repeat) {
  const auto begin = Clock::now();
  int done = 0;
  for (; done < 10 && (done < 2 || Clock::now() - begin < budget / 4); ++done) repeat();
  const auto each = (Clock::now() - begin) / done;
  const auto affordable = each.count() > 0 ? budget / each : most;
  Course out;
  out.third = static_cast<int>(std::clamp<std::int64_t>(affordable, least_cycles, most)) / 3;
  out.held[0] = Held::now();
  for (std::size_t part = 1; part < out.held.size(); ++part) {
    for (int i = 0; i < out.third; ++i) repeat();
    out.held[part] = Held::now();
  }
  return out;
}

std::string bytes(double n) {
  return std::to_string(static_cast<std::int64_t>(n)) + " bytes";
}

void judge_lives(const Course& lives, Judge& judge) {
  constexpr const char* mend =
      "free in destroy() what create(), start() and poll() allocated: valgrind or -fsanitize=address name the place";
  constexpr const char* close = "close in stop() or destroy() what start() and poll() opened";
  const double heap = lives.all(&Held::heap), memory = lives.all(&Held::memory);
  const bool steady = lives.is_steady(&Held::heap);
  judge.note(std::to_string(3 * lives.third) + " lives; " + bytes(heap) + " of heap and " + bytes(memory) +
             " of memory more after each");
  if (steady && heap >= clear_growth)
    judge.fail("each create, start, poll, stop, destroy leaves " + bytes(heap) + " allocated", mend);
  else if (steady && heap >= small_growth)
    judge.warn("each create, start, poll, stop, destroy leaves " + bytes(heap) + " allocated", mend);
  if (!steady && lives.is_steady(&Held::memory) && memory >= mapped_growth)
    judge.fail("each life leaves " + bytes(memory) + " of memory mapped", "unmap in destroy() what was mapped");
  if (lives.all(&Held::descriptors) >= 0.5)
    judge.fail("each life leaves a file or socket open", close);
  else if (lives.all(&Held::descriptors) > 0)
    judge.warn("some files or sockets stay open", close);
  if (lives.all(&Held::threads) >= 0.5) judge.fail("each life leaves a thread behind", "join every thread in stop()");
}

// Within one life: a poll keeps nothing for ever.
void judge_polls(const Course& polls, Judge& judge) {
  const double heap = polls.all(&Held::heap);
  constexpr const char* mend = "keep a bounded number of things from one poll() to the next";
  if (polls.is_steady(&Held::heap) && heap >= poll_growth)
    judge.fail("each poll(), deliver() or process() keeps " + bytes(heap) + " more", mend);
  if (polls.all(&Held::descriptors) >= 0.5) judge.fail("each poll() leaves a file or socket open", mend);
}

}  // namespace

void check_leaks(const Subject& subject, Judge& judge) {
  judge_lives(measure(most_lives, [&] { live_once(subject, judge); }), judge);
  Trial trial(subject, judge);
  trial.begin();
  if (!trial.is_started()) return;
  auto inputs = Inputs::selected(trial.host());
  judge_polls(measure(most_polls, [&] { trial.work(inputs); }), judge);
}

}  // namespace myriad::validator
