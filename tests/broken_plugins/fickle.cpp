// A device that does as its configuration says. It counts its polls in <thing>/count.
//   poll: publish | hang (until cancel) | stuck (3 s, deaf to cancel) | fail (with `status`, the first `times` polls of
//   the process) | flood (10,000 log lines)
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "myriad/config.hpp"

namespace {

// Failures are counted over restarts, by Thing.
int count_failure(const std::string& thing) {
  static std::mutex mutex;
  static std::map<std::string, int> failures;
  const std::lock_guard lock(mutex);
  return ++failures[thing];
}

class Fickle : public myriad::Plugin, public myriad::Device {
 public:
  Fickle(myriad::Host given, std::string_view text) : Plugin(given), config_(myriad::Config::parse(text)) {
    const auto create = config_.get<std::string>("create");
    if (create == "throw") throw std::runtime_error("create throws");
    if (create == "invalid") throw config_.at("create").wrong("this value is refused by create()");
    thing_ = config_.get<std::string>("thing");
    count_point_ = host().intern(thing_, "count");
    relay_ = host().intern(thing_, "relay");
  }

  void start() override {
    if (config_.get<std::string>("start") == "unavailable")
      throw myriad::Failure(MYRIAD_E_UNAVAILABLE, "start fails as told");
    host().put_thing(thing_, R"({"properties":{"count":{"type":"integer","unit":"polls","readOnly":true},
                                               "relay":{"type":"boolean","readOnly":false}}})");
  }
  void stop() override { stopped_ = true; }
  void cancel() noexcept override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }

  void poll(std::int64_t) override {
    const auto how = config_.get<std::string>("poll");
    if (how == "hang") hang();
    if (how == "stuck") std::this_thread::sleep_for(std::chrono::seconds(3));
    if (how == "fail" && count_failure(thing_) <= config_.get<int>("times"))
      throw myriad::Failure(config_.get<int>("status"), "poll fails as told");
    if (how == "flood")
      for (int i = 0; i < 10'000; ++i) host().info("line " + std::to_string(i));
    publish(count_point_, ++count_);
  }
  void read(std::span<const std::uint32_t> points, std::int64_t) override {
    for (const auto point : points) publish(point, -1);
  }
  void write(const myriad::BatchView& batch, std::span<myriad_status> each) override {
    for (std::uint32_t i = 0; i < batch.size(); ++i) {
      each[i] = config_.get<int>("write_status");
      myriad::Batch echo;
      echo.add(batch[i]);
      if (each[i] == MYRIAD_OK) (void)host().publish(echo);
    }
  }

 private:
  void hang() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return cancelled_; });
    cancelled_ = false;
    throw myriad::Failure(MYRIAD_E_CANCELLED, "cancelled as asked");
  }
  void publish(std::uint32_t point, std::int64_t value) {
    myriad::Batch batch;
    batch.add(point, host().now_ns(), value);
    if (const auto status = host().publish(batch); status != MYRIAD_OK) throw myriad::Failure(status, "not taken");
  }

  myriad::Config config_;
  std::string thing_;
  std::uint32_t count_point_ = 0, relay_ = 0;
  std::int64_t count_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;  // guarded by mutex_
};

}  // namespace

MYRIAD_PLUGIN(Fickle, "fickle", "1.0.0")
