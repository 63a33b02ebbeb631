// What the way between a plugin and the daemon costs, in both homes, each beside a bare baseline of the same run. The
// host checks each batch as it always does, and takes it nowhere: the spine has its own figures.
//
//   runner_bench [--rounds N]
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "base/temp_dir.h"
#include "model/abi_batch.h"
#include "plugin_host/make_runner.h"

namespace {

using namespace myriad;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using plugin_host::Isolation;

constexpr int batch_size = 256, batches = 40'000;
constexpr double readings = double{batch_size} * batches;

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}
double cpu(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Spent {
  double wall = 0, cpu = 0;  // seconds; both processes together
};
template <class F>
Spent spent(F&& f) {
  const auto start = Clock::now();
  const double before = cpu(RUSAGE_SELF) + cpu(RUSAGE_CHILDREN);
  f();
  return {std::chrono::duration<double>(Clock::now() - start).count(),
          cpu(RUSAGE_SELF) + cpu(RUSAGE_CHILDREN) - before};
}

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

// A created and started plugin whose host takes its readings nowhere.
class Stage {
 public:
  Stage(Isolation home, int count) {
    registry::InstanceRecord record{"it", "pump", "", true, 0};
    record.isolation = plugin_host::isolation_name(home);
    record.quota = R"({"readings_per_s":0,"bytes_per_s":0})";
    const nlohmann::json config{{"batches", count}, {"size", batch_size}};
    points_.intern("pump", "level").value_or(model::PointId{});
    auto made = plugin_host::make_runner(
        {parts_,
         hub_,
         *plugins_->find("pump"),
         record,
         config,
         {"it", *registry_, *spine_, points_, clock_, telemetry_, scheduler_.strand(), {}, true},
         [] {}});
    if (!made) fail(made.error().message);
    runner_ = *std::move(made);
    check(runner_->create(config.dump()));
    check(runner_->start());
  }
  void poll() { check(runner_->poll(clock_.now() + 60'000'000'000)); }
  void end() { runner_.reset(); }
  // Of its process, while that runs: kB that are its own.
  long private_kb() const {
    long sum = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
      std::ifstream children(task.path() / "children");
      for (int pid = 0; children >> pid;) sum += private_of(pid);
    }
    return sum;
  }

 private:
  static long private_of(int pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/smaps_rollup");
    long sum = 0;
    for (std::string line; std::getline(in, line);)
      if (line.starts_with("Private_")) sum += std::stol(line.substr(line.find(':') + 1));
    return sum;
  }
  [[noreturn]] static void fail(const std::string& why) {
    std::fprintf(stderr, "runner_bench: %s\n", why.c_str());
    std::exit(1);
  }
  static void check(const plugin_host::Outcome& outcome) {
    if (!outcome.ok()) fail(outcome.message);
  }

  TempDir home_;
  SystemClock clock_;
  model::Points points_;
  std::unique_ptr<registry::Registry> registry_ = *registry::Registry::open(home_ / "registry.db");
  std::unique_ptr<spine::Spine> spine_ =
      *spine::Spine::open({.file = home_ / "spine.db"}, points_, clock_, Log::none());
  std::unique_ptr<plugin_host::Plugins> plugins_ = plugin_host::Plugins::scan({PUMP_FOLDER}, Log::none());
  Scheduler scheduler_;
  plugin_host::Hub hub_;
  std::shared_ptr<plugin_host::Telemetry> telemetry_ = std::make_shared<plugin_host::Telemetry>(clock_, Log::none());
  plugin_host::Instances::Parts parts_{*plugins_, *registry_,  *spine_, points_,
                                       clock_,    Log::none(), {},      {MYRIAD_PROGRAM, home_ / "instances"}};
  std::unique_ptr<plugin_host::Runner> runner_;
};

model::Batch one_batch() {
  model::Batch batch;
  for (int i = 0; i < batch_size; ++i) model::append(batch, model::PointId{1}, {std::int64_t{i}, 0.5 * i, MYRIAD_GOOD});
  return batch;
}

// What the host does with a batch, called directly.
double direct_ns() {
  const auto batch = one_batch();
  const auto raw = model::to_abi(batch.view());
  std::vector<model::Reading> copy;
  const auto took = spent([&] {
    for (int i = 0; i < batches; ++i) {
      const auto view = model::view_of(raw, copy);
      if (!view || !model::check(*view, 1)) std::abort();
      asm volatile("" ::: "memory");
    }
  });
  return took.wall * 1e9 / readings;
}

double in_process_ns() {
  Stage stage(Isolation::in_process, batches);
  return spent([&] { stage.poll(); }).wall * 1e9 / readings;
}

// The same bytes over a bare socket pair, from a forked child that does nothing else.
Spent bare_socket() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) != 0) std::abort();
  return spent([&] {
    std::vector<char> packet(32 + batch_size * sizeof(model::Reading));
    const auto child = ::fork();
    if (child == 0) {
      for (int i = 0; i < batches; ++i) (void)::send(fds[1], packet.data(), packet.size(), 0);
      ::_exit(0);
    }
    for (int i = 0; i < batches; ++i) (void)::recv(fds[0], packet.data(), packet.size(), 0);
    ::waitpid(child, nullptr, 0);
    ::close(fds[0]);
    ::close(fds[1]);
  });
}

// Less what its process costs by itself.
Spent isolated() {
  const auto idle = spent([] { Stage(Isolation::process, 0).poll(); });
  Spent poll;
  const auto all = spent([&] {
    Stage stage(Isolation::process, batches);
    poll = spent([&] { stage.poll(); });
  });
  return {poll.wall, all.cpu - idle.cpu};
}

double bare_round_trip_us() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) != 0) std::abort();
  const auto child = ::fork();
  char packet[64] = "";
  if (child == 0) {
    while (::recv(fds[1], packet, sizeof packet, 0) == 24) (void)::send(fds[1], packet, 24, 0);
    ::_exit(0);
  }
  std::vector<double> us;
  for (int i = 0; i < 20'000; ++i) {
    const auto start = Clock::now();
    (void)::send(fds[0], packet, 24, 0);
    (void)::recv(fds[0], packet, sizeof packet, 0);
    us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  (void)::send(fds[0], packet, 1, 0);
  ::waitpid(child, nullptr, 0);
  ::close(fds[0]);
  ::close(fds[1]);
  return median(us);
}

double round_trip_us(long& private_kb) {
  Stage stage(Isolation::process, 0);
  const Stage other(Isolation::process, 0);  // as the daemon, it shares the program's pages with the first
  std::vector<double> us;
  for (int i = 0; i < 20'000; ++i) {
    const auto start = Clock::now();
    stage.poll();
    us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  private_kb = stage.private_kb();
  return median(us);
}

template <class F>
double median_of(int rounds, F&& f) {
  std::vector<double> all;
  for (int i = 0; i < rounds; ++i) all.push_back(f());
  return median(all);
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = 5;
  for (int i = 1; i + 1 < argc; i += 2)
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::max(1, std::atoi(argv[i + 1]));

  const double direct = median_of(rounds, direct_ns), crossing = median_of(rounds, in_process_ns);
  std::printf("in process, batches of 256      %7.2f ns a reading; called directly %.2f; %.2f more\n", crossing, direct,
              crossing - direct);

  std::vector<double> rate, each, bare_rate, bare_each;
  for (int i = 0; i < rounds; ++i) {
    const auto bare = bare_socket(), ours = isolated();
    bare_rate.push_back(readings / bare.wall * 1e-6);
    bare_each.push_back(bare.cpu * 1e9 / readings);
    rate.push_back(readings / ours.wall * 1e-6);
    each.push_back(ours.cpu * 1e9 / readings);
  }
  std::printf(
      "isolated, batches of 256        %7.1f M readings/s, %.1f ns of CPU each; a bare socket pair %.1f M, %.1f ns; "
      "ratio %.2f\n",
      median(rate), median(each), median(bare_rate), median(bare_each), median(rate) / median(bare_rate));

  long private_kb = 0;
  const double bare_trip = median_of(rounds, bare_round_trip_us);
  const double trip = median_of(rounds, [&] { return round_trip_us(private_kb); });
  std::printf("round trip of a control call    %7.1f us median; bare %.1f; ratio %.2f\n", trip, bare_trip,
              trip / bare_trip);
  std::printf("an idle runner                  %7.2f MB private\n", static_cast<double>(private_kb) / 1'000);
}
