#include "historian/tally.h"

#include <algorithm>

namespace myriad::historian {
namespace {

double seconds(Nanos time) {
  return static_cast<double>(time) * 1e-9;
}

}  // namespace

void Tally::add(Nanos time, double number) {
  if (numbers == 0) {
    min = max = first = number;
    first_time = time;
  } else {
    area += last * seconds(time - last_time);
  }
  ++readings;
  ++numbers;
  sum += number;
  min = std::min(min, number);
  max = std::max(max, number);
  last_time = time;
  last = number;
  if (numbers == 1) return;
  const auto n = static_cast<double>(numbers);
  const double apart = n * number - sum;
  squares += apart * apart / (n * (n - 1));  // one division a reading
}

// Chan, Golub and LeVeque 1979.
void Tally::add(const Tally& later) {
  if (numbers == 0 || later.numbers == 0) {
    const auto all = readings + later.readings;
    if (numbers == 0) *this = later;
    readings = all;
    return;
  }
  const auto n = static_cast<double>(numbers), m = static_cast<double>(later.numbers);
  const double apart = later.mean() - mean();
  squares += later.squares + apart * apart * (n * m / (n + m));
  area += last * seconds(later.first_time - last_time) + later.area;
  readings += later.readings;
  numbers += later.numbers;
  last_time = later.last_time;
  min = std::min(min, later.min);
  max = std::max(max, later.max);
  sum += later.sum;
  last = later.last;
}

}  // namespace myriad::historian
