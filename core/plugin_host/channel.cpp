#include "plugin_host/channel.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "plugin_host/host_questions.h"

namespace myriad::plugin_host {
namespace {

using namespace std::chrono_literals;
using plugin_runner::Header;
using plugin_runner::Reader;
using plugin_runner::Receiver;

constexpr int messages_a_turn = 64;
constexpr int messages_in_flight = 1'024;  // more than a socket's buffer holds
constexpr std::size_t max_unsent = std::size_t{32} << 20;
constexpr double message_burst = 200'000, messages_per_s = 20'000;  // but readings, which have a quota of their own
// Of the time in which the site's disk is this instance's: two minutes for its start, then a fifth.
constexpr double aside_burst = 120, aside_share = 0.2;
constexpr std::size_t max_aside = std::size_t{8} << 20;
constexpr std::size_t max_line = 1'024;
constexpr auto cpu_window = 10s;

bool waits_for_disk(plugin_runner::Type question) {
  using plugin_runner::Type;
  constexpr Type slow[] = {Type::put_thing, Type::kv_put, Type::kv_get, Type::secret_get, Type::history_query};
  return std::find(std::begin(slow), std::end(slow), question) != std::end(slow);
}

}  // namespace

Channel::Channel(Parts parts)
    : parts_(std::move(parts)),
      telemetry_(parts_.host.parts().telemetry),
      receiver_(parts_.process.side()),
      heard_(Clock::now()) {}

void Channel::open() {
  parts_.hub.add(shared_from_this());
  parts_.hub.watch(this, parts_.process.side(), EPOLLIN);
  parts_.hub.watch(this, parts_.process.output(), EPOLLIN);
}

void Channel::close() {
  parts_.hub.remove(this);
  read_output();
  {
    const std::lock_guard lock(reading_);
    closed_ = true;
    held_.reset();
    held_flag_ = false;
    released_.notify_all();
  }
  const std::lock_guard lock(sending_);
  mute_ = true;
}

// ---- Reading

void Channel::ready(int fd) {
  if (fd == parts_.process.output()) return read_output();
  flush();
  std::unique_lock lock(reading_);
  if (closed_ || over_ || held_) return;
  if (read_some(messages_a_turn) != Read::over) return;
  lock.unlock();
  over();
}

Channel::Read Channel::read_some(int limit) {
  for (int i = 0; i < limit; ++i) {
    Message message;
    switch (receiver_.receive(message, false)) {
      case Receiver::Got::nothing:
        return Read::nothing;
      case Receiver::Got::message:
        break;
      case Receiver::Got::broken:
        breaks("it sent a packet that is none");
        return Read::over;
      case Receiver::Got::end:
        return Read::over;
    }
    heard_ = Clock::now();
    if (!may_pass(message) || !handle(message)) {
      hold(message);
      return Read::held;
    }
  }
  return Read::more;
}

void Channel::begin_call() {
  const std::lock_guard lock(reading_);
  cancelled_ = false;
}

bool Channel::drain() {
  std::unique_lock lock(reading_);
  int left = messages_in_flight;
  while (!closed_ && !over_ && left > 0) {
    if (held_) {
      released_.wait(lock, [&] { return !held_ || closed_ || cancelled_ || over_; });
      if (held_) return false;
      continue;
    }
    left -= messages_a_turn;
    const auto read = read_some(messages_a_turn);
    if (read == Read::nothing || read == Read::over) break;  // the hub hears of the end, too
  }
  return true;
}

void Channel::cancel_drain() {
  const std::lock_guard lock(reading_);
  cancelled_ = true;
  released_.notify_all();
}

void Channel::hold(const Message& message) {
  held_.emplace(message.header, std::string(message.payload));
  held_flag_ = true;
  watch_side(false);
  parts_.hub.wake();
}

void Channel::retry() {
  const std::lock_guard lock(reading_);
  heard_ = Clock::now();  // it waits for us
  if (!held_) return;
  const Message message{held_->first, held_->second};
  if (!may_pass(message) || !handle(message)) return;
  held_.reset();
  held_flag_ = false;
  watch_side(true);
  released_.notify_all();
}

void Channel::watch_side(bool on) {
  parts_.hub.watch(this, parts_.process.side(), on ? std::uint32_t{EPOLLIN} : 0);
}

// The plugin's process is gone, or soon will be.
void Channel::over() {
  {
    const std::lock_guard lock(reading_);
    if (std::exchange(over_, true) || closed_) return;
    watch_side(false);
    released_.notify_all();
  }
  parts_.ended();
}

void Channel::breaks(std::string why) {
  parts_.process.kill("it breaks the protocol: " + std::move(why));
}

// ---- What it says

// A child that talks without end costs the hub's time, which is everybody's.
bool Channel::may_pass(const Message& message) {
  const auto type = static_cast<Type>(message.header.type);
  if (type == Type::publish || type == Type::pong) return true;
  const auto now = Clock::now();
  const double passed = std::chrono::duration<double>(now - messages_filled_).count();
  messages_filled_ = now;
  messages_left_ = std::min(message_burst, messages_left_ + passed * messages_per_s);
  if (messages_left_ < 1) return false;
  messages_left_ -= 1;
  return true;
}

// False: not now.
bool Channel::handle(const Message& message) {
  const auto type = static_cast<Type>(message.header.type);
  if (type == Type::publish || type == Type::publish_durable) return publish(message);
  if (type == Type::pong) return true;
  if (type == Type::log) {
    const myriad_host* host = parts_.host.raw();
    host->log(host, message.header.status, message.payload.data(), message.payload.size());
    return true;
  }
  if (type == Type::refused) {
    parts_.host.refuse(message.payload.substr(0, max_line));
    return true;
  }
  if (type == Type::invoked) {
    const std::lock_guard lock(mutex_);
    const auto reply = replies_.extract(message.header.id);
    if (!reply.empty()) reply.mapped()({message.header.status, {}}, std::string(message.payload));
    return true;
  }
  if (waits_for_disk(type)) {
    if (!may_pass_aside(message)) return false;
    answer_aside(message);
    return true;
  }
  return answer_now(message);
}

bool Channel::publish(const Message& message) {
  const auto batch = Reader(message.payload).batch();
  if (!batch) {
    breaks("it sent a batch whose size is not what it says");
    return true;
  }
  if (static_cast<Type>(message.header.type) == Type::publish)
    return parts_.host.publish(*batch, {}, false) != MYRIAD_E_AGAIN;
  struct Waiting {
    std::weak_ptr<Channel> channel;
    std::uint64_t id;
  };
  std::unique_ptr<Waiting> waiting(new Waiting{weak_from_this(), message.header.id});
  const auto done = [](void* user, myriad_status status) {
    const std::unique_ptr<Waiting> w(static_cast<Waiting*>(user));
    if (const auto channel = w->channel.lock()) channel->send(Type::durable, status, w->id, {});
  };
  const auto status = parts_.host.publish_durable(*batch, done, waiting.get(), false);
  if (status == MYRIAD_OK)
    (void)waiting.release();
  else if (status != MYRIAD_E_AGAIN)
    send(Type::durable, status, message.header.id, {});
  return status != MYRIAD_E_AGAIN;
}

// What waits is bounded, and nobody keeps the others from the disk: the registry serves one at a time.
bool Channel::may_pass_aside(const Message& message) {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  aside_left_ += std::chrono::duration<double>(now - aside_filled_).count() * aside_share;
  aside_left_ = std::min(aside_left_, aside_burst);
  aside_filled_ = now;
  if (aside_left_ <= 0 || (aside_bytes_ > 0 && aside_bytes_ + message.payload.size() > max_aside)) return false;
  aside_bytes_ += message.payload.size();
  return true;
}

void Channel::answer_aside(const Message& message) {
  parts_.host.later([self = shared_from_this(), header = message.header, payload = std::string(message.payload)] {
    std::string answer;
    const auto begin = Clock::now();
    const auto status = answer_question(self->parts_.host, static_cast<Type>(header.type), payload, answer);
    {
      const std::lock_guard lock(self->mutex_);
      self->aside_left_ -= std::chrono::duration<double>(Clock::now() - begin).count();
      self->aside_bytes_ -= payload.size();
    }
    self->send(Type::answer, status, header.id, answer);
  });
}

bool Channel::answer_now(const Message& message) {
  const auto type = static_cast<Type>(message.header.type);
  if (type < Type::metric || type > Type::history_query) {
    breaks("it sent a message of unknown type " + std::to_string(message.header.type));
    return true;
  }
  std::string answer;
  const auto status = answer_question(parts_.host, type, message.payload, answer);
  send(Type::answer, status, message.header.id, answer);
  return true;
}

void Channel::expect_reply(std::uint64_t id, Reply reply) {
  const std::lock_guard lock(mutex_);
  replies_.emplace(id, std::move(reply));
}

void Channel::forget_reply(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  replies_.erase(id);
}

// ---- What it prints

void Channel::read_output() {
  constexpr int reads_a_turn = 16;
  std::array<char, 4'096> bytes;
  const std::lock_guard lock(printing_);
  for (int i = 0; i < reads_a_turn; ++i) {
    const auto size = ::read(parts_.process.output(), bytes.data(), bytes.size());
    if (size == 0) return parts_.hub.watch(this, parts_.process.output(), 0);
    if (size < 0) return;
    std::string_view rest(bytes.data(), static_cast<std::size_t>(size));
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      print(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
    line_ += rest.substr(0, max_line - std::min(max_line, line_.size()));
  }
}

void Channel::print(std::string_view end_of_line) {
  const auto line = std::exchange(line_, {}) + std::string(end_of_line.substr(0, max_line));
  if (line.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    // What Node.js says of its end tells more than the trace that it prints below.
    if (!last_words_.starts_with("FATAL ERROR")) last_words_ = line.substr(0, 200);
  }
  telemetry_->log(Level::warn, "prints: " + line);
}

std::string Channel::last_words() const {
  const std::lock_guard lock(mutex_);
  return last_words_;
}

// ---- What it is sent

void Channel::send(Type type, std::int32_t status, std::uint64_t id, std::string_view payload) {
  constexpr auto most = plugin_runner::max_packet - sizeof(Header);
  {
    const std::lock_guard lock(sending_);
    if (mute_) return;
    do {
      const auto part = payload.substr(0, most);
      payload.remove_prefix(part.size());
      const Header header{static_cast<std::uint16_t>(type), static_cast<std::uint16_t>(payload.empty() ? 0 : 1), status,
                          id};
      auto& packet = unsent_.emplace_back(reinterpret_cast<const char*>(&header), sizeof header);
      packet += part;
      unsent_bytes_ += packet.size();
    } while (!payload.empty());
  }
  flush();
}

void Channel::flush() {
  const std::lock_guard lock(sending_);
  const bool waited = unsent_.size() > 1;
  while (!unsent_.empty()) {
    const auto& packet = unsent_.front();
    if (::send(parts_.process.side(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) break;
    unsent_bytes_ -= packet.size();
    unsent_.pop_front();
  }
  if (mute_) return;
  if (unsent_bytes_ > max_unsent) parts_.process.kill("it does not read what it is sent");
  if (!unsent_.empty() && !held_flag_)
    parts_.hub.watch(this, parts_.process.side(), EPOLLIN | EPOLLOUT);
  else if (waited && !held_flag_)
    parts_.hub.watch(this, parts_.process.side(), EPOLLIN);
}

// ---- Heartbeat and usage

void Channel::tick() {
  const auto now = Clock::now();
  flush();
  if (now - pinged_ > parts_.heartbeat / 4) {
    pinged_ = now;
    send(Type::ping, 0, 0, {});
  }
  if (now - heard_.load() > parts_.heartbeat && !held_flag_)
    parts_.process.kill("it missed its heartbeat for " + std::to_string(parts_.heartbeat.count()) + " ms");
  if (now - sampled_ >= 1s) {
    sampled_ = now;
    watch_usage();
  }
}

void Channel::watch_usage() {
  const auto usage = parts_.process.usage();
  const auto& quota = parts_.quota;
  bool is_long = false;
  {
    const std::lock_guard lock(mutex_);
    usage_ = usage;
    if (!usage) return;
    cpu_.emplace_back(sampled_, usage->cpu);
    is_long = sampled_ - cpu_.front().first >= cpu_window;
    while (cpu_.size() > 2 && sampled_ - cpu_[1].first >= cpu_window) cpu_.pop_front();
  }
  if (quota.memory_mb > 0 && usage->memory > quota.memory_mb << 20)
    parts_.process.kill("it used " + std::to_string(usage->memory >> 20) + " MiB of memory, its quota is " +
                        std::to_string(quota.memory_mb) + " MiB");
  const auto percent = static_cast<std::uint64_t>(cpu_percent());
  if (quota.cpu_percent > 0 && is_long && percent > quota.cpu_percent)
    parts_.process.kill("it used " + std::to_string(percent) + " % of a core for 10 s, its quota is " +
                        std::to_string(quota.cpu_percent) + " %");
}

std::optional<ChildProcess::Usage> Channel::usage() const {
  const std::lock_guard lock(mutex_);
  return usage_;
}

double Channel::cpu_percent() const {
  const std::lock_guard lock(mutex_);
  if (cpu_.size() < 2) return 0;
  const auto time = cpu_.back().first - cpu_.front().first;
  const auto used = cpu_.back().second - cpu_.front().second;
  return 100 * std::chrono::duration<double>(used).count() / std::chrono::duration<double>(time).count();
}

}  // namespace myriad::plugin_host
