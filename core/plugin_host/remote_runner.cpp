#include "plugin_host/remote_runner.h"

#include <poll.h>

#include <nlohmann/json.hpp>

namespace myriad::plugin_host {
namespace {

using namespace std::chrono_literals;
using plugin_runner::Header;
using plugin_runner::Reader;
using plugin_runner::Receiver;
using plugin_runner::Sent;
using plugin_runner::Writer;
using std::chrono::milliseconds;

std::string call_name(plugin_runner::Type type) {
  constexpr std::array names{"setup", "create", "start",   "stop",    "destroy", "discover", "poll",  "read",
                             "write", "invoke", "deliver", "process", "save",    "load",     "serve", "fire"};
  return std::string(names[static_cast<std::size_t>(type) - 1]) + "()";
}

// False at the deadline.
bool wait_for(int fd, short events, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    const auto left = std::max(0ns, deadline - std::chrono::steady_clock::now());
    const timespec limit{std::chrono::duration_cast<std::chrono::seconds>(left).count(), (left % 1s).count()};
    pollfd p{fd, events, 0};
    const int n = ::ppoll(&p, 1, &limit, nullptr);
    if (n >= 0 || errno != EINTR) return n > 0;
  }
}

}  // namespace

// ---- Life

Outcome RemoteRunner::connect() {
  auto process = ChildProcess::spawn(setup_.command, setup_.home);
  if (!process) return {MYRIAD_E_UNAVAILABLE, process.error().message};
  process_ = std::move(*process);
  calls_ = std::make_unique<Receiver>(process_->calls());
  const auto channel = std::make_shared<Channel>(
      Channel::Parts{*process_, host_, setup_.hub, setup_.quota, setup_.life.heartbeat, setup_.ended});
  channel->open();
  {
    const std::lock_guard lock(mutex_);
    channel_ = channel;
  }
  std::string about;
  const std::string_view message = setup_.message;
  auto outcome = call(Type::setup, std::span(&message, 1), setup_.life.setup, &about);
  if (outcome.ok()) tell_gaps(about);
  return outcome;
}

// What this kernel leaves open is said at each start.
void RemoteRunner::tell_gaps(std::string_view about) {
  const auto document = nlohmann::json::parse(Reader(about).text(), nullptr, false);
  if (!document.is_object() || !document.contains("gaps") || !document["gaps"].is_array()) return;
  for (const auto& gap : document["gaps"])
    if (gap.is_string()) host_.parts().telemetry->log(Level::warn, "not confined: " + gap.get<std::string>());
}

Outcome RemoteRunner::create(const std::string& config_json) {
  if (auto outcome = connect(); !outcome.ok()) return outcome;
  std::string served;
  auto outcome = call(Type::create, Writer().text(config_json), setup_.life.control, &served);
  if (!outcome.ok()) return outcome;
  created_ = true;
  constexpr std::array<std::string_view, 4> extensions{MYRIAD_EXT_DEVICE, MYRIAD_EXT_SINK, MYRIAD_EXT_PROCESSOR,
                                                       MYRIAD_EXT_HTTP};
  Reader reader(served);
  while (reader.ok() && !reader.done()) {
    const auto id = reader.text();
    for (std::size_t i = 0; i < extensions.size(); ++i)
      if (id == extensions[i]) serves_[i] = true;
  }
  return outcome;
}

Outcome RemoteRunner::start() {
  auto outcome = call(Type::start, Writer(), setup_.life.control);
  started_ = outcome.ok();
  return outcome;
}

bool RemoteRunner::destroy() {
  if (!process_) return true;
  if (std::exchange(started_, false)) call(Type::stop, Writer(), setup_.life.stop);
  host_.drain(Clock::now() + 1s);
  if (std::exchange(created_, false)) call(Type::destroy, Writer(), setup_.life.stop);
  std::shared_ptr<Channel> channel;
  {
    const std::lock_guard lock(mutex_);
    channel = std::move(channel_);
  }
  channel->close();
  host_.drain(Clock::now() + 1h);  // what the channel began uses it; all of that ends
  process_.reset();
  return true;
}

void RemoteRunner::cancel() {
  const std::lock_guard lock(mutex_);
  if (!channel_) return;
  channel_->send_cancel();
  channel_->cancel_drain();
}

bool RemoteRunner::kill(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (channel_) process_->kill(reason);
  return true;
}

std::optional<Runner::Usage> RemoteRunner::usage() const {
  const std::lock_guard lock(mutex_);
  if (!channel_) return std::nullopt;
  const auto usage = channel_->usage();
  if (!usage) return std::nullopt;
  return Usage{channel_->cpu_percent(), usage->memory};
}

// ---- Calls

Outcome RemoteRunner::call(Type type, std::span<const std::string_view> payload, milliseconds limit,
                           std::string* more) {
  const auto deadline = Clock::now() + limit;
  const auto wait = [&](bool) { return wait_for(process_->calls(), POLLOUT, deadline); };
  channel_->begin_call();
  const Header header{static_cast<std::uint16_t>(type), 0, 0, ++next_call_};
  if (plugin_runner::send_message(process_->calls(), header, payload, wait) == Sent::full)
    process_->kill("it takes no calls");
  auto outcome = receive(type, deadline, more);
  // What the plugin published in the call is taken before the call is over, as if it ran here.
  if (!channel_->drain() && outcome.ok())
    return {MYRIAD_E_CANCELLED, "its readings were not taken before it was stopped"};
  return outcome;
}

Outcome RemoteRunner::receive(Type type, Clock::time_point deadline, std::string* more) {
  plugin_runner::Message message;
  for (auto got = Receiver::Got::nothing; got != Receiver::Got::message;) {
    if (!wait_for(process_->calls(), POLLIN, deadline)) {
      process_->kill("it did not return in time");
      return ended(" in " + call_name(type));
    }
    got = calls_->receive(message, false);
    if (got == Receiver::Got::broken || got == Receiver::Got::end) return ended(" in " + call_name(type));
  }
  Reader reader(message.payload);
  const auto text = reader.text();
  if (!reader.ok() || message.header.type != static_cast<std::uint16_t>(type) || message.header.id != next_call_) {
    process_->kill("it breaks the protocol: its answer is none");
    return ended(" in " + call_name(type));
  }
  if (more) *more = message.payload.substr(message.payload.size() - reader.left());
  constexpr std::size_t max_text = 1'024;
  Outcome outcome{message.header.status,
                  message.header.status == MYRIAD_OK ? "" : std::string(text.substr(0, max_text))};
  const bool is_out_of_memory = outcome.message.find("bad_alloc") != std::string::npos;
  if (is_out_of_memory && setup_.quota.memory_mb > 0)
    outcome.message +=
        ": it wanted more memory than it may have, its quota is " + std::to_string(setup_.quota.memory_mb) + " MiB";
  return outcome;
}

Outcome RemoteRunner::ended(const std::string& where) {
  if (!process_) return {};
  started_ = created_ = false;
  auto why = "its process " + process_->end(1s) + where;
  channel_->read_output();
  if (const auto words = channel_->last_words(); !words.empty()) why += "; it printed: " + words;
  return {MYRIAD_E_INTERNAL, std::move(why)};
}

milliseconds RemoteRunner::until(Nanos deadline) const {
  const auto left = std::chrono::nanoseconds(std::max<Nanos>(0, deadline - host_.parts().clock.now()));
  return std::chrono::ceil<milliseconds>(left) + setup_.life.grace;
}

Outcome RemoteRunner::discover(Nanos deadline) {
  if (!serves(Serves::device)) return unsupported("discover devices");
  return call(Type::discover, Writer().number(deadline), until(deadline));
}

Outcome RemoteRunner::poll(Nanos deadline) {
  if (!serves(Serves::device)) return unsupported("poll devices");
  return call(Type::poll, Writer().number(deadline), until(deadline));
}

Outcome RemoteRunner::read(std::uint32_t point, Nanos deadline) {
  if (!serves(Serves::device)) return unsupported("read on demand");
  host_.admit(point);
  return call(Type::read, Writer().number(deadline).number(std::uint32_t{1}).number(point), until(deadline));
}

Outcome RemoteRunner::call_batch(Type type, const myriad_batch& batch, std::string* more) {
  const plugin_runner::BatchHead head{batch.sequence, batch.count, batch.blob_size};
  const std::string_view parts[] = {
      {reinterpret_cast<const char*>(&head), sizeof head},
      {reinterpret_cast<const char*>(batch.readings), batch.count * sizeof(myriad_reading)},
      {reinterpret_cast<const char*>(batch.blob), batch.blob_size}};
  return call(type, parts, setup_.life.call, more);
}

Outcome RemoteRunner::write(const myriad_batch& one) {
  if (!serves(Serves::device)) return unsupported("write");
  host_.admit(one.readings->point);
  std::string each;
  auto outcome = call_batch(Type::write, one, &each);
  if (!outcome.ok()) return outcome;
  Reader reader(each);
  outcome.status = reader.number<myriad_status>();
  if (!reader.done()) return {MYRIAD_E_INTERNAL, "its answer to write() has no status"};
  if (outcome.status == MYRIAD_E_INVALID) outcome.message = "the device refuses this value";
  return outcome;
}

Outcome RemoteRunner::invoke(std::string_view thing, std::string_view action, std::string_view input, Reply reply) {
  if (!serves(Serves::device)) return unsupported("perform actions");
  const auto id = next_call_ + 1;  // of this call
  channel_->expect_reply(id, std::move(reply));
  auto outcome = call(Type::invoke, Writer().text(thing).text(action).text(input), setup_.life.call);
  if (!outcome.ok()) channel_->forget_reply(id);
  return outcome;
}

Outcome RemoteRunner::deliver(const myriad_batch& batch) {
  return call_batch(Type::deliver, batch);
}

Outcome RemoteRunner::process(const myriad_batch& batch) {
  return call_batch(Type::process, batch);
}

Outcome RemoteRunner::save(std::string& state) {
  state.clear();
  std::string more;
  auto outcome = call(Type::save, Writer(), setup_.life.call, &more);
  Reader reader(more);
  if (outcome.ok()) state = reader.text();
  if (outcome.ok() && !reader.done()) return {MYRIAD_E_INTERNAL, "its answer to save() has no state"};
  return outcome;
}

Outcome RemoteRunner::load(std::string_view state) {
  if (state.empty()) return {};
  return call(Type::load, Writer().text(state), setup_.life.call);
}

Outcome RemoteRunner::serve(const HttpRequest& r, HttpResponse& response) {
  if (!serves(Serves::http)) return unsupported("serve HTTP");
  std::string more;
  const auto request =
      Writer().text(r.method).text(r.path).text(r.query).text(r.content_type).text(r.body).text(r.user);
  auto outcome = call(Type::serve, request, setup_.life.call, &more);
  if (!outcome.ok()) return outcome;
  Reader reader(more);
  response.status = reader.number<std::int32_t>();
  response.content_type = reader.text();
  response.body = reader.text();
  if (!reader.done()) return {MYRIAD_E_INTERNAL, "its answer to serve() is cut short"};
  return outcome;
}

Outcome RemoteRunner::fire(std::uint64_t timer) {
  if (!host_.parts().timers->take(timer)) return {};
  return call(Type::fire, Writer().number(timer), setup_.life.call);
}

}  // namespace myriad::plugin_host
