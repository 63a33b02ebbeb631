// What a broken plugin, in a process of its own and with the usual quota, takes from the other instances: twenty calm
// ones are polled every 10 ms, alone and then beside each plugin of tests/broken_plugins. Prints their polls a second,
// the ratio to alone (measured again before each), and what the administrator reads.
//
//   broken_bench [--seconds N] [plugin...]
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "base/temp_dir.h"
#include "plugin_host/instances.h"

namespace {

using namespace myriad;
using namespace std::chrono_literals;

constexpr const char* all[] = {"aborts",
                               "segfaults",
                               "throws",
                               "exits",
                               "quits_in_start",
                               "hangs_in_poll",
                               "spins_in_poll",
                               "hangs_in_stop",
                               "leaks",
                               "floods",
                               "emits_without_end",
                               "makes_points_without_end",
                               "never_stops_logging",
                               "prints",
                               "writes_out_of_blob",
                               "lies_about_sizes",
                               "unknown_points",
                               "threads_after_stop",
                               "closes_descriptors",
                               "forks",
                               "opens_forbidden_file",
                               "connects_out",
                               "kills_parent"};
constexpr int calm = 20;

struct Site {
  TempDir home;
  SystemClock clock;
  model::Points points;
  std::unique_ptr<registry::Registry> registry = *registry::Registry::open(home / "registry.db");
  std::unique_ptr<spine::Spine> spine = *spine::Spine::open({.file = home / "spine.db"}, points, clock, Log::none());
  std::unique_ptr<plugin_host::Plugins> plugins = plugin_host::Plugins::scan({BROKEN_PLUGINS}, Log::none());
  std::unique_ptr<plugin_host::Instances> instances = plugin_host::Instances::make(
      {*plugins, *registry, *spine, points, clock, Log::none(), {}, {MYRIAD_PROGRAM, home / "instances"}});

  double rate(std::chrono::milliseconds span) {
    const auto before = polls();
    const auto start = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(span);
    const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return static_cast<double>(polls() - before) / took;
  }
  std::uint64_t polls() const {
    std::uint64_t sum = 0;
    for (const auto& s : instances->list())
      if (s.record.plugin == "fickle") sum += s.polls;
    return sum;
  }
};

}  // namespace

int main(int argc, char** argv) {
  auto span = 3'000ms;
  std::vector<std::string> chosen;
  for (int i = 1; i < argc; ++i)
    if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
      span = std::chrono::milliseconds(1'000 * std::max(1, std::atoi(argv[++i])));
    else
      chosen.emplace_back(argv[i]);
  if (chosen.empty()) chosen.assign(std::begin(all), std::end(all));

  Site site;
  for (int i = 0; i < calm; ++i) {
    const auto id = "calm" + std::to_string(i);
    const auto config = R"({"interval_ms":10,"thing":")" + id + "\"}";
    const auto made = site.instances->create({id, "fickle", config, true, 0, "", "in_process"});
    if (!made) return std::fprintf(stderr, "broken_bench: %s\n", made.error().message.c_str()), 1;
  }
  site.rate(500ms);
  std::printf("%-26s %9s %9s %7s  %s\n", "beside", "alone/s", "polls/s", "ratio", "what is read");
  for (const auto& plugin : chosen) {
    const double alone = site.rate(span);
    const auto made = site.instances->create({"broken", plugin, R"({"thing":"broken","interval_ms":10})", true, 0});
    const double beside = site.rate(span);
    std::string read = made ? "" : made.error().message;
    if (made) {
      const auto now = *site.instances->get("broken");
      read = std::string(plugin_host::state_name(now.state)) + ", " + std::to_string(now.restarts) + " restarts";
      if (now.last_error) read += ": " + now.last_error->message;
      (void)site.instances->remove("broken", std::nullopt);
    }
    std::printf("%-26s %9.0f %9.0f %7.3f  %.110s\n", plugin.c_str(), alone, beside, beside / alone, read.c_str());
    std::fflush(stdout);
  }
}
