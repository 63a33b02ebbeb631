#include "app/bench/latest.h"

#include <malloc.h>
#include <unistd.h>

#include <string>

#include "app/bench/usage.h"
#include "bus/bus.h"
#include "model/points.h"

namespace myriad::app::bench {
namespace {

double allocated_bytes() {
  const auto info = ::mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

}  // namespace

Result<Latest> measure_latest(std::uint32_t things, std::uint32_t properties, Progress& progress) {
  progress.stage("latest values of " + std::to_string(things) + " Things");
  const double resident = resident_mb(::getpid()), allocated = allocated_bytes();
  model::Points points;
  const auto bus = bus::Bus::make(points);
  for (std::uint32_t thing = 0; thing < things; ++thing) {
    const std::string name = "machine-" + std::to_string(thing);
    model::Batch batch;
    for (std::uint32_t property = 0; property < properties; ++property) {
      const auto point = points.intern(name, "temperature" + std::to_string(property));
      if (!point) return point.error();
      model::append(batch, *point, {thing, 20.5, MYRIAD_GOOD});
    }
    bus->feed(batch.view(), thing + 1);
    progress.at(static_cast<double>(thing) / things);
  }
  const double count = static_cast<double>(things) * properties;
  return Latest{(resident_mb(::getpid()) - resident) * 1e6 / count, (allocated_bytes() - allocated) / count};
}

}  // namespace myriad::app::bench
