#include "app/bench/walks.h"

namespace myriad::app::bench {
namespace {

constexpr Nanos millisecond = 1'000'000, second = 1'000 * millisecond;
constexpr Nanos long_ago = 1'700'000'000 * second;

}  // namespace

Walks::Shape Walks::at_1_hz(std::vector<std::uint32_t> points) {
  return {.points = std::move(points), .start = long_ago, .step = second, .unit = millisecond, .jitter = 19};
}

Walks::Shape Walks::flood(std::vector<std::uint32_t> points) {
  const auto readings = static_cast<Nanos>(points.size());
  return {.points = std::move(points),
          .start = long_ago,
          .step = readings * 200,  // 5 million readings a second
          .unit = 1'000,
          .jitter = 20,
          .scanned = true,
          .widest = 3};
}

Walks::Walks(Shape shape) : shape_(std::move(shape)), hundredths_(shape_.points.size(), 5'000), round_(shape_.start) {}

// Knuth's MMIX; its upper bits are random enough.
std::uint32_t Walks::random(std::uint32_t below) {
  random_ = random_ * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
  return static_cast<std::uint32_t>(((random_ >> 32) * below) >> 32);
}

const model::Batch& Walks::next(std::size_t readings) {
  batch_.readings.resize(readings);
  for (auto& r : batch_.readings) {
    if (at_ == shape_.points.size()) at_ = 0, round_ += shape_.step;
    if (!shape_.scanned || at_ == 0) late_ = random(shape_.jitter + 1) * shape_.unit;
    auto& value = hundredths_[at_];
    value += static_cast<std::int64_t>(random(2 * shape_.widest + 1)) - shape_.widest;
    r = {round_ + late_, shape_.points[at_], MYRIAD_F64, MYRIAD_GOOD, {}};
    r.value.f64 = static_cast<double>(value) / 100;
    ++at_;
  }
  return batch_;
}

}  // namespace myriad::app::bench
