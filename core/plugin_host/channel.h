// The daemon's end of what an isolated plugin says on its own account: what it publishes, asks of its host, logs and
// prints. Reads it on the hub's thread, and on the caller's after each call into the plugin.
//
// Believes nothing: sizes are checked, what waits is bounded, and a child that breaks the protocol, does not read what
// it is sent, or misses its heartbeat is killed. Readings that the spine does not take now are held here, and the child
// is not read meanwhile: its socket fills, and its plugin is told AGAIN.
//
// Thread-safe. After close() returns, it calls nobody.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "plugin_host/child_process.h"
#include "plugin_host/host_table.h"
#include "plugin_host/hub.h"
#include "plugin_host/outcome.h"
#include "plugin_host/quota.h"
#include "plugin_runner/codec.h"
#include "plugin_runner/packets.h"

namespace myriad::plugin_host {

class Channel final : public Hub::Client, public std::enable_shared_from_this<Channel> {
 public:
  struct Parts {  // references outlive close()
    ChildProcess& process;
    HostTable& host;
    Hub& hub;
    Quota quota;
    std::chrono::milliseconds heartbeat;  // a child that is silent for so long is killed
    std::function<void()> ended;          // the child is gone, or does not do as it should and was killed
  };
  explicit Channel(Parts parts);

  void open();
  void close();

  void begin_call();
  // Everything that the child sent before its answer. False: readings wait for the spine, and were cancelled.
  bool drain();
  void cancel_drain();
  void send_cancel() { send(plugin_runner::Type::cancel, 0, 0, {}); }

  using Reply = std::function<void(Outcome, std::string output_json)>;
  void expect_reply(std::uint64_t id, Reply reply);
  void forget_reply(std::uint64_t id);

  void read_output();
  std::string last_words() const;  // the last line that it printed
  std::optional<ChildProcess::Usage> usage() const;
  double cpu_percent() const;

 private:
  using Type = plugin_runner::Type;
  using Message = plugin_runner::Message;
  using Clock = std::chrono::steady_clock;

  void ready(int fd) override;
  void tick() override;
  void retry() override;
  bool wants_retry() const override { return held_flag_; }

  // Reads at most so many messages. Needs reading_.
  enum class Read : std::uint8_t { nothing, more, held, over };
  Read read_some(int limit);
  bool handle(const Message&);
  bool may_pass(const Message&);
  bool publish(const Message&);
  bool answer_now(const Message&);
  bool may_pass_aside(const Message&);
  void answer_aside(const Message&);
  void hold(const Message&);
  void watch_side(bool on);

  void print(std::string_view line);
  void send(Type, std::int32_t status, std::uint64_t id, std::string_view payload);
  void flush();
  void breaks(std::string why);
  void over();
  void watch_usage();

  const Parts parts_;
  const std::shared_ptr<Telemetry> telemetry_;

  std::mutex reading_;  // guards all of this paragraph
  std::condition_variable released_;
  plugin_runner::Receiver receiver_;
  bool closed_ = false, cancelled_ = false, over_ = false;
  std::optional<std::pair<plugin_runner::Header, std::string>> held_;
  double messages_left_ = 0;
  Clock::time_point messages_filled_;
  std::atomic<bool> held_flag_ = false;

  std::mutex sending_;  // guards all of this paragraph
  std::deque<std::string> unsent_;
  std::size_t unsent_bytes_ = 0;
  bool mute_ = false;

  std::mutex printing_;  // guards line_
  std::string line_;

  mutable std::mutex mutex_;  // guards all below
  std::map<std::uint64_t, Reply> replies_;
  std::size_t aside_bytes_ = 0;  // of questions that wait for the disk
  double aside_left_ = 0;        // seconds that their answers may take
  Clock::time_point aside_filled_;
  std::string last_words_;
  std::atomic<Clock::time_point> heard_;
  Clock::time_point pinged_, sampled_;
  std::deque<std::pair<Clock::time_point, std::chrono::nanoseconds>> cpu_;  // of the last ten seconds
  std::optional<ChildProcess::Usage> usage_;
};

}  // namespace myriad::plugin_host
