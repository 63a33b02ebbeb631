// What a hostile child of an isolated plugin may send the daemon: the first byte is the message's type, the rest its
// payload. The host only checks, as for a configuration's trial.
#include <cstring>
#include <memory>

#include "base/temp_dir.h"
#include "plugin_host/host_questions.h"
#include "plugin_runner/codec.h"

namespace {

using namespace myriad;

struct Host {
  TempDir home;
  SystemClock clock;
  model::Points points;
  Scheduler scheduler;
  std::unique_ptr<registry::Registry> registry = *registry::Registry::open(home / "registry.db");
  std::unique_ptr<spine::Spine> spine = *spine::Spine::open({.file = home / "spine.db"}, points, clock, Log::none());
  plugin_host::HostTable table{{"fuzz",
                                *registry,
                                *spine,
                                points,
                                clock,
                                std::make_shared<plugin_host::Telemetry>(clock, Log::none()),
                                scheduler.strand(),
                                {},
                                true}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Host host;
  if (size == 0) return 0;
  // As in a packet: it begins at a multiple of 8, and nothing of ours lies behind it.
  const std::unique_ptr<std::uint64_t[]> place(new std::uint64_t[size / 8 + 1]);
  std::memcpy(place.get(), data + 1, size - 1);
  const std::string_view payload(reinterpret_cast<const char*>(place.get()), size - 1);
  std::string answer;
  plugin_host::answer_question(host.table, static_cast<plugin_runner::Type>(data[0]), payload, answer);
  if (const auto batch = plugin_runner::Reader(payload).batch()) host.table.publish(*batch, {});
  return 0;
}
