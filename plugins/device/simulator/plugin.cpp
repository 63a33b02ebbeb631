// The simulator: Things that are polled, and two threads of its own for load and for replay.
#include <algorithm>
#include <memory>
#include <thread>
#include <unordered_map>

#include "load.h"
#include "replay.h"
#include "thing.h"

namespace simulator {
namespace {

class Simulator final : public myriad::Plugin, public myriad::Device {
 public:
  Simulator(myriad::Host host, std::string_view config_json) : Plugin(host), config_(parse_config(config_json)) {}
  ~Simulator() override { stop(); }

  void start() override;
  void stop() override;
  void poll(std::int64_t deadline_ns) override;
  void read(std::span<const std::uint32_t> points, std::int64_t deadline_ns) override;
  void write(const myriad::BatchView& batch, std::span<myriad_status> each) override;

 private:
  struct Place {
    std::size_t thing, property;
  };
  void make_things();
  bool flush();
  void flush_or_say();
  const Place* find(std::uint32_t point) const;
  bool publish_things(std::vector<std::size_t> things);
  template <class Source>
  std::jthread launch(std::unique_ptr<Source>& source);

  Config config_;
  std::vector<Thing> things_;
  std::unordered_map<std::uint32_t, Place> places_;
  myriad::Batch batch_;  // what the host has not taken yet
  std::unique_ptr<Load> load_;
  std::unique_ptr<Replay> replay_;
  std::jthread load_thread_, replay_thread_;
};

void Simulator::make_things() {
  things_.clear();
  places_.clear();
  for (const auto& config : config_.things) {
    const auto& thing = things_.emplace_back(host(), config, config_.seed, config_.utc_offset_min);
    for (std::size_t p = 0; p < thing.points().size(); ++p) places_[thing.points()[p]] = {things_.size() - 1, p};
  }
}

// Runs the source on a thread of ours; what it throws ends it and shows as the instance's connection.
template <class Source>
std::jthread Simulator::launch(std::unique_ptr<Source>& source) {
  source->describe();
  return std::jthread([this, &source](const std::stop_token& stop) {
    try {
      source->run(stop);
    } catch (const std::exception& failure) {
      host().error(failure.what());
      host().disconnected(failure.what());
    }
  });
}

void Simulator::start() {
  make_things();
  for (const auto& thing : things_) host().put_thing(thing.name(), thing.description());
  host().connected();
  if (config_.replay) {
    replay_ = std::make_unique<Replay>(host(), *config_.replay);
    replay_thread_ = launch(replay_);
  }
  if (config_.load) {
    load_ = std::make_unique<Load>(host(), *config_.load, config_.seed);
    load_thread_ = launch(load_);
  }
}

void Simulator::stop() {
  load_thread_ = {};  // asks it to stop, and joins it
  replay_thread_ = {};
  batch_.clear();
}

// False when the host's queue is full: then the batch is kept.
bool Simulator::flush() {
  if (batch_.empty()) return true;
  const auto status = host().publish(batch_);
  if (status == MYRIAD_E_AGAIN) return false;
  batch_.clear();
  if (status != MYRIAD_OK) throw myriad::Failure(status, "the host refused the readings");
  return true;
}

void Simulator::flush_or_say() {
  if (!flush()) throw myriad::Failure(MYRIAD_E_AGAIN, "the host's queue is full: the readings are kept");
}

void Simulator::poll(std::int64_t) {
  constexpr std::size_t enough = 4096;  // readings at once, so that many Things need little memory
  flush_or_say();
  const std::int64_t now = host().now_ns();
  for (const auto& thing : things_) {
    thing.sample(now, batch_);
    if (batch_.size() >= enough) flush_or_say();
  }
  flush_or_say();
}

const Simulator::Place* Simulator::find(std::uint32_t point) const {
  const auto it = places_.find(point);
  return it == places_.end() ? nullptr : &it->second;
}

// Publishes each Thing once, all its properties: they belong together. False when the host's queue is full.
bool Simulator::publish_things(std::vector<std::size_t> things) {
  std::sort(things.begin(), things.end());
  things.erase(std::unique(things.begin(), things.end()), things.end());
  if (!flush()) return false;
  const std::int64_t now = host().now_ns();
  for (const std::size_t thing : things) things_[thing].sample(now, batch_);
  return flush();
}

void Simulator::read(std::span<const std::uint32_t> points, std::int64_t) {
  std::vector<std::size_t> things;
  for (const auto point : points) {
    const Place* place = find(point);
    if (!place) throw myriad::Failure(MYRIAD_E_INVALID, "point " + std::to_string(point) + " is not simulated here");
    things.push_back(place->thing);
  }
  if (!publish_things(std::move(things))) flush_or_say();
}

void Simulator::write(const myriad::BatchView& batch, std::span<myriad_status> each) {
  std::vector<std::size_t> changed;
  const std::int64_t now = host().now_ns();
  for (std::uint32_t i = 0; i < batch.size(); ++i) {
    const Place* place = find(batch[i].point);
    each[i] = place ? things_[place->thing].write(place->property, batch[i], now) : MYRIAD_E_INVALID;
    if (each[i] == MYRIAD_OK) changed.push_back(place->thing);
  }
  // Written is written: with a full queue the next poll shows it.
  publish_things(std::move(changed));
}

}  // namespace
}  // namespace simulator

MYRIAD_PLUGIN(simulator::Simulator, "simulator", "0.1.0")
