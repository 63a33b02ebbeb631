// Uses everything that a host serves, and serves everything that a device and an HTTP plugin can. `poll` is one of:
// - nothing
// - everything: publishes what came of it as <thing>/<what>
// - big: a text of `size` bytes
// - burst: `size` batches of 256, until AGAIN; <thing>/taken tells
// - keep, describe: `size` values, Things of 64 KiB; <thing>/kept, <thing>/described tell how many were taken
// - timers: `size` of them; <thing>/timers likewise
// - ticks: from its start, <thing>/tick each 10 ms, five times; <thing>/once; and a timer that it cancels
// - tick_fails, tick_breaks, tick_crashes: the timer does
// - raw: sends the bytes `hex` on descriptor `fd`, which in its own process is the runner's
// - stuff: asks `size` times to keep 60 kB, by itself on descriptor `fd`, waiting for no answer
// - chatter: `size` empty lines of the log, likewise
// - deaf: keeps what the host sends from being read, and asks `size` times for 256 KiB
// - spin, sleep: for ever, deaf to cancel; freeze: stops its process
// - crash, exit, print (then crash), later (crashes soon after the poll)
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "myriad/config.hpp"

namespace {

std::string unhex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return out;
}

class Talker : public myriad::Plugin, public myriad::Device, public myriad::Http {
 public:
  Talker(myriad::Host given, std::string_view text) : Plugin(given), config_(myriad::Config::parse(text)) {
    thing_ = config_.get<std::string>("thing");
    const std::vector<std::string> patterns{"*/wanted"};
    host().select(patterns);
  }

  void start() override {
    host().put_thing(thing_, R"({"title":"Talker","properties":{"number":{"type":"number","unit":"Cel"}}})");
    set_timers(config_.get<std::string>("poll"));
  }
  void stop() override {
    if (replier_.joinable()) replier_.join();
  }

  void poll(std::int64_t) override {
    const auto how = config_.get<std::string>("poll");
    const auto size = static_cast<std::size_t>(config_.get<std::int64_t>("size"));
    if (how == "everything") everything();
    if (how == "big") say("big", std::string_view(std::string(size, 'x')));
    if (how == "burst") burst(size);
    if (how == "raw") {
      const auto bytes = unhex(config_.get<std::string>("hex"));
      (void)::send(config_.get<int>("fd"), bytes.data(), bytes.size(), 0);
    }
    if (how == "keep") keep(size);
    if (how == "describe") describe(size);
    if (how == "timers") say_how_many("timers", size, [&](const std::string&) { after(std::chrono::hours(1), [] {}); });
    if (how == "stuff") stuff(size);
    for (volatile unsigned turns = 0; how == "spin";) turns = turns + 1;
    if (how == "deaf") deaf(size);
    if (how == "chatter") send_again(packet_of(66, ""), size);
    if (how == "print") std::fputs("these are my last words\n", stderr);
    if (how == "crash" || how == "print") std::raise(SIGSEGV);
    if (how == "exit") std::_Exit(7);
    if (how == "freeze") std::raise(SIGSTOP);
    if (how == "later")
      std::thread([] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        std::raise(SIGSEGV);
      }).detach();
    if (how == "sleep") std::this_thread::sleep_for(std::chrono::hours(1));
  }
  void discover(std::int64_t) override { host().put_thing(thing_ + "-found", R"({"title":"Found"})"); }
  void read(std::span<const std::uint32_t> points, std::int64_t) override {
    for (const auto point : points) publish(point, std::int64_t{42});
  }
  void write(const myriad::BatchView& batch, std::span<myriad_status> each) override {
    for (std::uint32_t i = 0; i < batch.size(); ++i) {
      each[i] = MYRIAD_OK;
      publish(batch[i].point, batch[i].value.i64);
    }
  }
  // Answers from a thread of its own, perhaps after this returned.
  void invoke(std::string_view thing, std::string_view action, std::string_view input, Reply reply) override {
    if (action == "refuse") throw myriad::Failure(MYRIAD_E_DENIED, "this action is refused");
    if (replier_.joinable()) replier_.join();
    replier_ = std::thread([reply, text = "[\"" + std::string(thing) + "\"," + std::string(input) + "]"] {
      reply(MYRIAD_OK, text);
      reply(MYRIAD_OK, "twice");
    });
  }
  myriad::HttpResponse serve(const myriad::HttpRequest& r) override {
    if (r.path == "/fail") throw myriad::Failure(MYRIAD_E_UNAVAILABLE, "nothing to serve");
    std::string out;
    for (const auto field : {r.method, r.path, r.query, r.content_type, r.body, r.user})
      out += std::string(field) + "|";
    return {201, "text/x-echo", out};
  }

 private:
  template <class T>
  void publish(std::uint32_t point, T value) {
    myriad::Batch batch;
    batch.add(point, host().now_ns(), value);
    if (const auto status = host().publish(batch); status != MYRIAD_OK) throw myriad::Failure(status, "not taken");
  }
  template <class T>
  void say(const char* property, T value) {
    publish(host().intern(thing_, property), value);
  }

  void set_timers(const std::string& how) {
    using std::chrono::milliseconds;
    if (!how.starts_with("tick")) return;
    const auto id = std::make_shared<TimerId>();
    *id = every(milliseconds(10), [this, how, id, n = std::int64_t{0}]() mutable {
      if (how == "tick_fails") throw myriad::Failure(MYRIAD_E_UNAVAILABLE, "the tick fails as told");
      if (how == "tick_breaks") throw std::logic_error("the tick breaks as told");
      if (how == "tick_crashes") std::raise(SIGSEGV);
      say("tick", ++n);
      if (n == 5) cancel_timer(*id);
    });
    after(milliseconds(0), [this] { say("once", true); });
    cancel_timer(after(milliseconds(5), [this] { say("never", true); }));
  }

  // Of what lies before this poll: how many numbers, and their mean.
  void remember(std::uint32_t number) {
    myriad::Host::HistoryQuery q{.point = number, .to_ns = polled_};
    std::int64_t count = -1;
    host().history(q, [&](const myriad::BatchView& batch) { count = batch.size(); });
    say("remembered", count);
    q.step_ns = std::int64_t{3'600} * 1'000'000'000;
    host().history(q, [&](const myriad::BatchView& batch) {
      if (batch.size() > 0) say("mean", batch[0].value.f64);
    });
    q.limit = 0;
    try {
      host().history(q, [](const myriad::BatchView&) {});
    } catch (const myriad::Failure& f) {
      say("bad_query", std::string_view(f.what()).find("limit 0") != std::string_view::npos);
    }
  }
  bool bad_secret() {
    try {
      host().secret("unheard_of");
    } catch (const myriad::Failure& f) {
      return f.status() == MYRIAD_E_UNAVAILABLE && std::strlen(f.what()) > 0;
    }
    return false;
  }

  void everything() {
    polled_ = host().now_ns();
    for (const auto level : {MYRIAD_LOG_DEBUG, MYRIAD_LOG_INFO, MYRIAD_LOG_WARN, MYRIAD_LOG_ERROR})
      host().log(level, "level " + std::to_string(level));
    const auto number = host().intern(thing_, "number");
    publish(number, 1.5);
    say("bool", true);
    say("unsigned", std::uint64_t{1} << 63);
    say("text", std::string_view("grüß"));
    say("name", std::string_view(std::string(host().name(number).property)));
    say("unit", std::string_view(host().unit(number)));
    const auto before = host().stored("polls");
    host().store("polls", before + "x");
    say("stored", std::string_view(host().stored("polls")));
    host().metric("polls", static_cast<double>(before.size() + 1));
    host().disconnected("the cable is out");
    host().connected();
    if (host().emit(thing_, "rang", R"({"times":2})", host().now_ns()) != MYRIAD_OK)
      throw myriad::Failure(MYRIAD_E_INTERNAL, "the event was not taken");
    say("bad_event", host().emit(thing_, "rang", "{", 0) == MYRIAD_E_INVALID);
    say("bad_thing", bad_thing());
    say("bad_name", bad_name());
    say("secret", std::string_view(host().secret("word")));
    say("bad_secret", bad_secret());
    remember(number);
    durable();
  }
  bool bad_thing() {
    try {
      host().put_thing("no slug", "{}");
    } catch (const myriad::Failure& f) {
      return f.status() == MYRIAD_E_INVALID && std::string_view(f.what()).find("no slug") != std::string_view::npos;
    }
    return false;
  }
  bool bad_name() {
    std::uint32_t id = 0;
    return host().raw()->intern_point(host().raw(), myriad::text("a b"), myriad::text("c"), &id) == MYRIAD_E_INVALID;
  }
  void durable() {
    myriad::Batch batch;
    batch.add(host().intern(thing_, "sent"), host().now_ns(), std::int64_t{1});
    const auto landed = host().intern(thing_, "landed");
    const auto status =
        host().publish_durable(batch, [this, landed](myriad_status s) { publish(landed, s == MYRIAD_OK); });
    if (status != MYRIAD_OK) throw myriad::Failure(status, "not taken");
  }

  // Goes on when it is refused, to the end.
  template <class F>
  void say_how_many(const char* property, std::size_t size, F&& each) {
    std::int64_t taken = 0;
    for (std::size_t i = 0; i < size; ++i) try {
        each(std::to_string(i));
        ++taken;
      } catch (const myriad::Failure& f) {
        host().warn(f.what());
      }
    say(property, taken);
  }
  void keep(std::size_t size) {
    const std::string value(std::size_t{64} << 10, 'v');
    say_how_many("kept", size, [&](const std::string& n) { host().store("key" + n, value); });
  }
  void describe(std::size_t size) {
    const auto td = R"({"description":")" + std::string(std::size_t{64} << 10, 'd') + "\"}";
    say_how_many("described", size, [&](const std::string& n) { host().put_thing(thing_ + n, td); });
  }
  // As the runner protocol has them.
  static std::string packet_of(std::uint16_t type, std::string_view payload) {
    std::string out(16, '\0');
    std::memcpy(out.data(), &type, sizeof type);
    return out.append(payload);
  }
  static std::string text_of(std::string_view s) {
    const auto size = static_cast<std::uint32_t>(s.size());
    return std::string(reinterpret_cast<const char*>(&size), sizeof size).append(s);
  }
  void send_again(const std::string& packet, std::size_t times) {
    for (std::size_t i = 0; i < times; ++i)
      if (::send(config_.get<int>("fd"), packet.data(), packet.size(), 0) < 0)
        throw myriad::Failure(MYRIAD_E_INTERNAL, "the packet was not sent");
  }
  void stuff(std::size_t size) {
    constexpr std::uint16_t kv_put = 78;
    send_again(packet_of(kv_put, text_of("v") + text_of(std::string(60'000, 'v'))), size);
  }
  void deaf(std::size_t size) {
    constexpr std::uint16_t kv_get = 79;
    host().store("k", std::string(std::size_t{256} << 10, 'v'));
    static std::atomic<bool> is_deaf = false;
    myriad::Batch batch;
    batch.add(host().intern(thing_, "deaf"), host().now_ns(), std::int64_t{1});
    const auto status = host().publish_durable(batch, [](myriad_status) {  // on the thread that reads
      is_deaf = true;
      std::this_thread::sleep_for(std::chrono::hours(1));
    });
    if (status != MYRIAD_OK) throw myriad::Failure(status, "not taken");
    while (!is_deaf) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    send_again(packet_of(kv_get, text_of("k")), size * 2);
    std::this_thread::sleep_for(std::chrono::seconds(10));
  }

  void burst(std::size_t batches) {
    const auto point = host().intern(thing_, "burst");
    std::int64_t taken = 0;
    for (std::size_t i = 0; i < batches; ++i) {
      myriad::Batch batch;
      for (int n = 0; n < 256; ++n) batch.add(point, host().now_ns(), next_++);
      if (host().publish(batch) != MYRIAD_OK) {
        next_ -= 256;
        break;
      }
      taken += 256;
    }
    total_ += taken;
    say("taken", total_);
  }

  myriad::Config config_;
  std::string thing_;
  std::thread replier_;
  std::int64_t next_ = 0, total_ = 0, polled_ = 0;
};

}  // namespace

MYRIAD_PLUGIN(Talker, "talker", "1.0.0")
