// Many lives of an instance, one after another: what is held must not grow with their number.
#include <algorithm>
#include <array>

#include "validator/check.h"
#include "validator/footprint.h"
#include "validator/inputs.h"
#include "validator/trial.h"

namespace myriad::validator {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int least_cycles = 12, most_cycles = 200;
constexpr auto budget = std::chrono::milliseconds(1500) * slowness;
constexpr double small_growth = 16, clear_growth = 64;  // bytes of the heap, a cycle
constexpr double mapped_growth = 16 << 10;              // bytes of all memory, a cycle

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
  std::uint64_t heap = 0, memory = 0;
  std::size_t descriptors = 0, threads = 0;
  static Held now() { return {heap_in_use(), writable_memory(), count_descriptors(), count_threads()}; }
};

// Growth a cycle, from one reading to another.
double growth(std::uint64_t from, std::uint64_t to, int cycles) {
  return (static_cast<double>(to) - static_cast<double>(from)) / cycles;
}

// It grew in each third by about as much.
bool is_steady(double a, double b, double c) {
  const auto [least, most] = std::minmax({a, b, c});
  return least > 0 && most < 3 * least;
}

void judge_growth(const std::array<Held, 4>& held, int third, Judge& judge) {
  const auto of = [&](std::uint64_t Held::*what, std::size_t i) {
    return growth(held[i].*what, held[i + 1].*what, third);
  };
  const auto bytes = [](double n) { return std::to_string(static_cast<std::int64_t>(n)) + " bytes"; };
  const double heap = growth(held[0].heap, held[3].heap, 3 * third);
  const bool steady = is_steady(of(&Held::heap, 0), of(&Held::heap, 1), of(&Held::heap, 2));
  constexpr const char* mend =
      "free in destroy() what create(), start() and poll() allocated: valgrind or "
      "-fsanitize=address name the place";
  if (steady && heap >= clear_growth)
    judge.fail("each create, start, poll, stop, destroy leaves " + bytes(heap) + " allocated", mend);
  else if (steady && heap >= small_growth)
    judge.warn("each create, start, poll, stop, destroy leaves " + bytes(heap) + " allocated", mend);
  const bool maps = is_steady(of(&Held::memory, 0), of(&Held::memory, 1), of(&Held::memory, 2));
  const double memory = growth(held[0].memory, held[3].memory, 3 * third);
  if (maps && memory >= mapped_growth && !steady)
    judge.fail("each life leaves " + bytes(memory) + " of memory mapped", "unmap in destroy() what was mapped");
  const double descriptors = growth(held[0].descriptors, held[3].descriptors, 3 * third);
  if (descriptors >= 0.5)
    judge.fail("each life leaves a file or socket open", "close in stop() or destroy() what start() and poll() opened");
  else if (descriptors > 0)
    judge.warn("some files or sockets stay open", "close in stop() or destroy() what start() and poll() opened");
  if (growth(held[0].threads, held[3].threads, 3 * third) >= 0.5)
    judge.fail("each life leaves a thread behind", "join every thread in stop()");
}

}  // namespace

void check_leaks(const Subject& subject, Judge& judge) {
  // Caches fill in the first lives.
  const auto begin = Clock::now();
  int lives = 0;
  for (; lives < 10 && (lives < 2 || Clock::now() - begin < budget / 4); ++lives) live_once(subject, judge);
  const auto each = (Clock::now() - begin) / lives;
  const auto affordable = each.count() > 0 ? budget / each : most_cycles;
  const int third = static_cast<int>(std::clamp<std::int64_t>(affordable, least_cycles, most_cycles)) / 3;
  std::array<Held, 4> held;
  held[0] = Held::now();
  for (std::size_t part = 1; part < held.size(); ++part) {
    for (int i = 0; i < third; ++i) live_once(subject, judge);
    held[part] = Held::now();
  }
  judge.note(std::to_string(3 * third) + " lives; " +
             std::to_string(static_cast<std::int64_t>(growth(held[0].heap, held[3].heap, 3 * third))) +
             " bytes of heap and " +
             std::to_string(static_cast<std::int64_t>(growth(held[0].memory, held[3].memory, 3 * third))) +
             " bytes of memory more after each");
  judge_growth(held, third, judge);
}

}  // namespace myriad::validator
