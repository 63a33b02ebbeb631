// The device plugin `modbus`: lifecycle and publishing in plugin.cpp, reading in poll.cpp, writing in write.cpp.
//
// A poll asks every request of the plan that is due. An exception makes the points of its own request bad, after the
// request was split as far as that helps; a unit without answer makes its own points bad; when no unit answers the
// link counts as lost. Whatever failed is tried again with back-off, and polls in between return at once.
#pragma once

#include <optional>
#include <random>
#include <unordered_map>

#include "backoff.h"
#include "client.h"
#include "image.h"
#include "myriad/plugin.hpp"

namespace modbus {

class Modbus final : public myriad::Plugin, public myriad::Device {
 public:
  Modbus(myriad::Host host, std::string_view config_json);

  void start() override;
  void stop() override;
  void cancel() noexcept override { client_.cancel(); }
  void poll(std::int64_t deadline_ns) override;
  void read(std::span<const std::uint32_t> points, std::int64_t deadline_ns) override;
  void write(const myriad::BatchView& batch, std::span<myriad_status> each) override;

 private:
  static constexpr std::size_t kBatch = 4096;  // readings that are handed to the host at once

  struct Unit {
    std::uint8_t id;
    Backoff retry;
    bool away = false;
    bool masks = true;  // until it refuses function code 22
  };
  struct Live {  // a request of the plan, or a part of one that was refused
    Request request;
    std::size_t unit;  // index into units_
    Backoff retry;
  };
  struct Change;
  // A call of the host's; cancel() ends this one and not the next.
  struct Turn {
    Turn(Modbus& m, std::int64_t deadline_ns) : plugin(m) {
      plugin.deadline_ns_ = deadline_ns;
      plugin.reopened_ = false;
    }
    ~Turn() { plugin.client_.resume(); }
    Modbus& plugin;
  };

  // plugin.cpp
  void describe() const;
  void make_live();
  Backoff backoff() const { return {settings_.reconnect_min, settings_.reconnect_max}; }
  bool flush();
  void publish();
  void report() const;

  // poll.cpp
  template <class Wanted>
  void sweep(Wanted wanted);
  [[noreturn]] void stop_at(std::size_t index);
  std::size_t visit(std::size_t index);
  bool split_up(std::size_t index);
  void refuse(Live& live, const Answer& answer);
  void answered(Unit& unit);
  void leave(Unit& unit, const Answer& answer);
  bool all_away() const;
  void require_link();
  [[noreturn]] void lose(const Answer& answer);
  // Sends through an open link, and once more through a new one when the old had died unnoticed.
  template <class Call>
  Answer ask(Call call) {
    for (;;) {
      if (!client_.is_open()) {
        reopened_ = true;
        if (Answer answer = client_.open(); !answer.ok()) return answer;
        ++opened_;
      }
      Answer answer = call();
      if (answer.outcome != Outcome::lost || reopened_) return answer;
    }
  }

  // write.cpp
  std::vector<Change> changes_of(const myriad::BatchView& batch, std::span<myriad_status> each,
                                 std::optional<myriad::Failure>& first) const;
  Change change_of(const myriad::BatchView& batch, std::uint32_t index) const;
  static std::size_t group_end(std::span<const Change> changes, std::size_t begin);
  Answer send(std::span<const Change> group);
  Answer send_bit(const Change& change);
  Answer confirm(const Change& change);

  const Settings settings_;
  Client client_;
  std::minstd_rand random_{std::random_device{}()};
  Plan plan_;
  std::optional<Image> image_;
  std::vector<Unit> units_;
  std::vector<Live> live_;
  std::vector<std::uint32_t> ids_;                         // by point
  std::unordered_map<std::uint32_t, std::size_t> points_;  // index by id
  myriad::Batch batch_;                                    // what the host has not taken yet
  Backoff retry_ = backoff();
  bool up_ = false;               // what the host was told
  bool reopened_ = false;         // in this turn
  std::string reason_;            // why the last unit, or the link, was lost
  std::int64_t deadline_ns_ = 0;  // of this turn
  std::uint64_t opened_ = 0, values_ = 0, held_ = 0;
};

}  // namespace modbus
