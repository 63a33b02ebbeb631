#include "app/bench/flow.h"

#include <thread>

namespace myriad::app::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t batch_readings = 256;
constexpr auto patience = 300s;

ServeOptions options_for(const std::filesystem::path& data) {
  ServeOptions options;
  options.data = data;
  options.port = 0;
  options.tls = false;
  options.log_level = Level::error;
  return options;
}

}  // namespace

Flow::Flow(const std::filesystem::path& data)
    : options_(options_for(data)), logging_(options_.log_level), floors_(logging_) {}

Flow::~Flow() {
  stop_floors(floors_);
}

Result<std::unique_ptr<Flow>> Flow::open(const std::filesystem::path& data) {
  std::error_code error;
  std::filesystem::create_directories(data, error);
  if (error) return Error{Code::denied, "cannot make " + data.string() + ": " + error.message()};
  std::unique_ptr<Flow> flow(new Flow(data));
  if (auto opened = open_stores(flow->floors_, flow->options_, flow->logging_); !opened) return opened.error();
  start_flow(flow->floors_, flow->options_, flow->logging_);
  return flow;
}

Result<std::vector<std::uint32_t>> Flow::intern(const std::string& prefix, std::uint32_t count) {
  std::vector<std::uint32_t> points;
  for (std::uint32_t i = 1; i <= count; ++i) {
    const auto id = floors_.points.intern(prefix + "-" + std::to_string(i), "value");
    if (!id) return id.error();
    points.push_back(static_cast<std::uint32_t>(*id));
  }
  return points;
}

Status Flow::publish(Walks& walks, std::uint64_t readings, Progress& progress) {
  for (std::uint64_t done = 0; done < readings;) {
    const auto& batch = walks.next(static_cast<std::size_t>(std::min<std::uint64_t>(batch_readings, readings - done)));
    for (;;) {
      const auto taken = floors_.spine->append(batch.view());
      if (taken) break;
      if (taken.error().code != Code::again) return taken;
      std::this_thread::sleep_for(1ms);
    }
    done += batch.readings.size();
    progress.at(static_cast<double>(done) / static_cast<double>(readings));
  }
  return {};
}

Status Flow::wait_until_taken(Progress& progress) {
  const spine::Sequence end = floors_.spine->stats().appended + 1;  // the folder was empty
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto from = floors_.feed->next();
  for (;;) {
    const auto taken = std::min(floors_.history->stats().next, floors_.feed->next());
    if (taken >= end) return {};
    if (std::chrono::steady_clock::now() > deadline)
      return Error{Code::timeout, "the historian took " + std::to_string(taken - 1) + " of " + std::to_string(end - 1) +
                                      " readings within 5 minutes: is the disk busy?"};
    progress.at(static_cast<double>(taken - from) / static_cast<double>(end - from));
    std::this_thread::sleep_for(1ms);
  }
}

Status Flow::settle(Progress& progress) {
  progress.stage("history joins its chunks and rolls them up");
  return floors_.history->settle();
}

Result<std::uint16_t> Flow::serve(const std::string& password) {
  if (auto made = floors_.security->ensure_admin(password); !made) return made.error();
  if (auto opened = open_doors(floors_, options_, logging_); !opened) return opened.error();
  floors_.api->serving([&server = *floors_.server] { return server.stats(); });
  return floors_.server->port();
}

}  // namespace myriad::app::bench
