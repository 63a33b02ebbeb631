#include "plugin_runner/remote_host.h"

#include <time.h>

#include <array>

namespace myriad::plugin_runner {
namespace {

constexpr std::size_t max_durable = 65'536;  // not yet on disk

std::atomic<RemoteHost*> the_host = nullptr;

RemoteHost& self(const myriad_host* host) {
  return *static_cast<RemoteHost*>(host->ctx);
}

std::string_view view(myriad_text t) {
  return t.data ? std::string_view(t.data, t.size) : std::string_view();
}

void fill(myriad_error* error, std::string_view message) {
  if (!error || error->struct_size < sizeof(myriad_error)) return;
  error->os_code = 0;
  const auto size = message.copy(error->message, sizeof error->message - 1);
  error->message[size] = '\0';
}

// Asks, and passes on the message that comes with a failure.
myriad_status ask(const myriad_host* h, Type type, const Writer& payload, myriad_error* error = nullptr) {
  const auto answer = self(h).ask(type, payload);
  if (answer.status != MYRIAD_OK) fill(error, answer.payload);
  return answer.status;
}

const myriad_host_things things_table{sizeof(myriad_host_things), 0,
                                      [](const myriad_host* h, myriad_text thing, myriad_text td, myriad_error* error) {
                                        return ask(h, Type::put_thing, Writer().text(thing).text(td), error);
                                      }};

const myriad_host_events events_table{
    sizeof(myriad_host_events), 0,
    [](const myriad_host* h, myriad_text thing, myriad_text event, myriad_text data, std::int64_t time_ns) {
      return ask(h, Type::emit, Writer().text(thing).text(event).text(data).number(time_ns));
    }};

const myriad_host_inputs inputs_table{
    sizeof(myriad_host_inputs), 0,
    [](const myriad_host* h, const myriad_text* patterns, std::uint32_t count, myriad_error* error) {
      Writer payload;
      payload.number(count);
      for (std::uint32_t i = 0; i < count; ++i) payload.text(patterns[i]);
      return ask(h, Type::select, payload, error);
    },
    [](const myriad_host* h, std::uint32_t point, myriad_text* thing, myriad_text* property) {
      return self(h).name(point, thing, property);
    },
    [](const myriad_host* h, std::uint32_t point, char* buffer, std::size_t size) {
      if (!buffer || size == 0) return MYRIAD_E_INVALID;
      const auto answer = self(h).ask(Type::unit, Writer().number(point));
      buffer[answer.status == MYRIAD_OK ? answer.payload.copy(buffer, size - 1) : 0] = '\0';
      return answer.status;
    }};

const myriad_host_kv kv_table{
    sizeof(myriad_host_kv), 0,
    [](const myriad_host* h, myriad_text key, const void* value, std::size_t size) {
      if (size > 0 && !value) return MYRIAD_E_INVALID;
      return ask(h, Type::kv_put, Writer().text(key).text(std::string_view(static_cast<const char*>(value), size)));
    },
    [](const myriad_host* h, myriad_text key, void (*found)(void*, const void*, std::size_t), void* user) {
      const auto answer = self(h).ask(Type::kv_get, Writer().text(key));
      if (answer.status == MYRIAD_OK) found(user, answer.payload.data(), answer.payload.size());
      return answer.status;
    }};

const myriad_host_metrics metrics_table{
    sizeof(myriad_host_metrics), 0,
    [](const myriad_host* h, myriad_text name, double value) { return self(h).metric(view(name), value); },
    [](const myriad_host* h, std::int32_t up, myriad_text reason) {
      return self(h).connection(up != 0, view(reason));
    }};

const myriad_host_timer timer_table{
    sizeof(myriad_host_timer), 0,
    [](const myriad_host* h, std::int64_t first_ns, std::int64_t period_ns,
       myriad_status (*fire)(void*, std::uint64_t, myriad_error*), void* user, std::uint64_t* timer) {
      if (!fire || !timer) return MYRIAD_E_INVALID;
      return self(h).set_timer(first_ns, period_ns, {fire, user, period_ns == 0}, timer);
    },
    [](const myriad_host* h, std::uint64_t timer) { return self(h).cancel_timer(timer); }};

const myriad_host_secrets secrets_table{
    sizeof(myriad_host_secrets), 0,
    [](const myriad_host* h, myriad_text name, void (*found)(void*, const void*, std::size_t), void* user,
       myriad_error* error) {
      const auto answer = self(h).ask(Type::secret_get, Writer().text(name));
      if (answer.status == MYRIAD_OK)
        found(user, answer.payload.data(), answer.payload.size());
      else
        fill(error, answer.payload);
      return answer.status;
    }};

const myriad_host_history history_table{
    sizeof(myriad_host_history), 0,
    [](const myriad_host* h, const myriad_history_query* query, void (*found)(void*, const myriad_batch*), void* user,
       myriad_error* error) { return self(h).history(*query, found, user, error); }};

const void* get_extension(const myriad_host*, const char* id) {
  const std::pair<std::string_view, const void*> served[] = {
      {MYRIAD_HOST_THINGS, &things_table},   {MYRIAD_HOST_EVENTS, &events_table},   {MYRIAD_HOST_INPUTS, &inputs_table},
      {MYRIAD_HOST_KV, &kv_table},           {MYRIAD_HOST_METRICS, &metrics_table}, {MYRIAD_HOST_TIMER, &timer_table},
      {MYRIAD_HOST_SECRETS, &secrets_table}, {MYRIAD_HOST_HISTORY, &history_table}};
  for (const auto& [name, table] : served)
    if (name == id) return table;
  return nullptr;
}

std::int64_t now_ns(const myriad_host*) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

RemoteHost::RemoteHost(int side) : side_(side), receiver_(side) {
  table_ = {sizeof(myriad_host),
            MYRIAD_ABI,
            this,
            get_extension,
            [](const myriad_host* h, std::int32_t level, const char* text, std::size_t size) {
              self(h).log(level, view({text, size}));
            },
            now_ns,
            [](const myriad_host* h, myriad_text thing, myriad_text property, std::uint32_t* id) -> myriad_status {
              const auto answer = self(h).ask(Type::intern, Writer().text(thing).text(property));
              if (answer.status != MYRIAD_OK) return answer.status;
              *id = Reader(answer.payload).number<std::uint32_t>();
              self(h).learn_point(*id);
              return MYRIAD_OK;
            },
            [](const myriad_host* h, const myriad_batch* batch) { return self(h).publish(*batch); },
            [](const myriad_host* h, const myriad_batch* batch, void (*done)(void*, myriad_status), void* user) {
              return self(h).publish_durable(*batch, done, user);
            }};
  the_host = this;
}

// ---- Listening

void RemoteHost::listen(std::function<void()> on_cancel) {
  on_cancel_ = std::move(on_cancel);
  listener_ = std::this_thread::get_id();
  while (take_one()) {
  }
  const std::lock_guard lock(mutex_);
  gone_ = true;
  answered_.notify_all();
}

bool RemoteHost::take_one() {
  Message message;
  if (receiver_.receive(message, true) != Receiver::Got::message) return false;
  handle(message);
  return true;
}

void RemoteHost::handle(const Message& message) {
  const auto type = static_cast<Type>(message.header.type);
  if (type == Type::answer) return answer(message);
  if (type == Type::durable) return durable(message);
  if (type == Type::cancel) return on_cancel_();
  if (type == Type::ping) send(Type::pong, 0, message.header.id, {}, true);
  // Another is of a newer daemon.
}

void RemoteHost::answer(const Message& message) {
  const std::lock_guard lock(mutex_);
  const auto it = waiting_.find(message.header.id);
  if (it == waiting_.end()) return;
  it->second->answer = {message.header.status, std::string(message.payload)};
  it->second->answered = true;
  answered_.notify_all();
}

void RemoteHost::durable(const Message& message) {
  std::unique_lock lock(mutex_);
  const auto node = durable_.extract(message.header.id);
  lock.unlock();
  if (!node.empty()) node.mapped().done(node.mapped().user, message.header.status);
}

// ---- Asking

Sent RemoteHost::send(Type type, std::int32_t status, std::uint64_t id, std::string_view payload, bool waits) {
  const std::lock_guard lock(sending_);
  std::function<bool(bool)> wait;
  if (waits) wait = [this](bool) { return wait_to_send(side_); };
  return send_message(side_, {static_cast<std::uint16_t>(type), 0, status, id}, payload, wait);
}

RemoteHost::Answer RemoteHost::ask(Type type, const Writer& payload) {
  const auto id = next_id_++;
  Waiting waiting;
  {
    const std::lock_guard lock(mutex_);
    if (gone_) return {};
    waiting_.emplace(id, &waiting);
  }
  bool alive = payload.bytes().size() <= max_message && send(type, 0, id, payload.bytes(), true) == Sent::all;
  // A callback of ours that asks: nobody else would receive its answer.
  if (listener_.load() == std::this_thread::get_id()) {
    const auto is_answered = [&] {
      const std::lock_guard lock(mutex_);
      return waiting.answered;
    };
    while (alive && !is_answered()) alive = take_one();
  }
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [&] { return waiting.answered || gone_ || !alive; });
  waiting_.erase(id);
  return std::move(waiting.answer);
}

myriad_status RemoteHost::name(std::uint32_t point, myriad_text* thing, myriad_text* property) {
  const auto give = [&](const Names& names) {
    *thing = plugin_runner::raw(names.thing);
    *property = plugin_runner::raw(names.property);
    return MYRIAD_OK;
  };
  {
    const std::shared_lock lock(names_mutex_);
    if (const auto it = names_.find(point); it != names_.end()) return give(it->second);
  }
  const auto answer = ask(Type::name, Writer().number(point));
  if (answer.status != MYRIAD_OK) return answer.status;
  Reader reader(answer.payload);
  const auto first = reader.text(), second = reader.text();
  const std::unique_lock lock(names_mutex_);
  return give(names_.try_emplace(point, Names{std::string(first), std::string(second)}).first->second);
}

// Says only what changed: plugins tell at each poll.
myriad_status RemoteHost::metric(std::string_view name, double value) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = metrics_.find(name); it != metrics_.end() && it->second == value) return MYRIAD_OK;
  }
  const auto answer = ask(Type::metric, Writer().text(name).number(value));
  if (answer.status != MYRIAD_OK) return answer.status;
  const std::lock_guard lock(mutex_);
  metrics_.insert_or_assign(std::string(name), value);
  return MYRIAD_OK;
}

myriad_status RemoteHost::connection(bool up, std::string_view reason) {
  const auto now = (up ? "up " : "down ") + std::string(reason);
  {
    const std::lock_guard lock(mutex_);
    if (connection_ == now) return MYRIAD_OK;
  }
  const auto answer = ask(Type::connection, Writer().number(std::uint8_t{up}).text(reason));
  if (answer.status != MYRIAD_OK) return answer.status;
  const std::lock_guard lock(mutex_);
  connection_ = now;
  return MYRIAD_OK;
}

// Known here before it is asked for: its first tick may come before the answer.
myriad_status RemoteHost::set_timer(std::int64_t first_ns, std::int64_t period_ns, Tick tick, std::uint64_t* timer) {
  const auto id = next_id_++;
  {
    const std::lock_guard lock(mutex_);
    ticks_.emplace(id, tick);
  }
  *timer = id;
  const auto answer = ask(Type::timer_set, Writer().number(id).number(first_ns).number(period_ns));
  if (answer.status != MYRIAD_OK) take_back(id);
  return answer.status;
}

myriad_status RemoteHost::cancel_timer(std::uint64_t timer) {
  take_back(timer);
  return ask(Type::timer_cancel, Writer().number(timer)).status;
}

void RemoteHost::take_back(std::uint64_t timer) {
  const std::lock_guard lock(mutex_);
  ticks_.erase(timer);
}

std::optional<RemoteHost::Tick> RemoteHost::take_tick(std::uint64_t timer) {
  const std::lock_guard lock(mutex_);
  const auto it = ticks_.find(timer);
  if (it == ticks_.end()) return std::nullopt;
  const auto tick = it->second;
  if (tick.once) ticks_.erase(it);
  return tick;
}

void RemoteHost::forget_ticks() {
  const std::lock_guard lock(mutex_);
  ticks_.clear();
}

myriad_status RemoteHost::history(const myriad_history_query& q, void (*found)(void*, const myriad_batch*), void* user,
                                  myriad_error* error) {
  if (q.struct_size < sizeof q) return MYRIAD_E_INVALID;
  const auto payload =
      Writer().number(q.point).number(q.from_ns).number(q.to_ns).number(q.step_ns).number(q.aggregate).number(q.limit);
  const auto answer = ask(Type::history_query, payload);
  if (answer.status != MYRIAD_OK) {
    fill(error, answer.payload);
    return answer.status;
  }
  const auto batch = Reader(answer.payload).batch();
  if (!batch) return MYRIAD_E_INTERNAL;
  found(user, &*batch);
  return MYRIAD_OK;
}

// ---- Telling

void RemoteHost::log(std::int32_t level, std::string_view text) {
  constexpr std::size_t max_line = 1024;
  if (const auto lost = lost_lines_.exchange(0); lost > 0) {
    const auto line = std::to_string(lost) + " lines were lost: it logs faster than they are taken";
    if (send(Type::log, MYRIAD_LOG_WARN, 0, line, false) != Sent::all) lost_lines_ += lost;
  }
  if (send(Type::log, level, 0, text.substr(0, max_line), false) != Sent::all) ++lost_lines_;
}

void RemoteHost::learn_point(std::uint32_t point) {
  auto last = last_point_.load();
  while (point > last && !last_point_.compare_exchange_weak(last, point)) {
  }
}

void RemoteHost::learn_points(model::BatchView batch) {
  std::uint32_t last = 0;
  for (const auto& r : batch.readings) last = std::max(last, r.point);
  learn_point(last);
}

myriad_status RemoteHost::send_batch(Type type, std::uint64_t id, const myriad_batch& batch) {
  thread_local std::vector<model::Reading> copy;
  const auto view = model::view_of(batch, copy);
  if (!view || !model::check(*view, last_point_)) {
    const auto why = view ? model::check(*view, last_point_).error().message : view.error().message;
    send(Type::refused, 0, 0, why, false);
    return MYRIAD_E_INVALID;
  }
  const BatchHead head{0, static_cast<std::uint32_t>(view->readings.size()),
                       static_cast<std::uint32_t>(view->blob.size())};
  const std::array<std::string_view, 3> parts{
      std::string_view(reinterpret_cast<const char*>(&head), sizeof head),
      std::string_view(reinterpret_cast<const char*>(view->readings.data()), view->readings.size_bytes()),
      std::string_view(reinterpret_cast<const char*>(view->blob.data()), view->blob.size())};
  if (sizeof head + view->bytes() > max_message) return MYRIAD_E_INVALID;
  // The socket holds less than the queue behind it: give the daemon a moment before the plugin must keep its batch.
  constexpr int moment_ms = 20;
  const auto wait = [this](bool begun) { return wait_to_send(side_, begun ? -1 : moment_ms); };
  const std::lock_guard lock(sending_);
  switch (send_message(side_, {static_cast<std::uint16_t>(type), 0, 0, id}, parts, wait)) {
    case Sent::all:
      return MYRIAD_OK;
    case Sent::full:
      return MYRIAD_E_AGAIN;
    case Sent::gone:
      break;
  }
  return MYRIAD_E_CANCELLED;
}

myriad_status RemoteHost::publish(const myriad_batch& batch) {
  return batch.count == 0 ? MYRIAD_OK : send_batch(Type::publish, 0, batch);
}

myriad_status RemoteHost::publish_durable(const myriad_batch& batch, void (*done)(void*, myriad_status), void* user) {
  const auto id = next_id_++;
  {
    const std::lock_guard lock(mutex_);
    if (durable_.size() >= max_durable) return MYRIAD_E_AGAIN;
    durable_.emplace(id, Durable{done, user});
  }
  const auto status = send_batch(Type::publish_durable, id, batch);
  if (status == MYRIAD_OK) return status;
  const std::lock_guard lock(mutex_);
  durable_.erase(id);
  return status;
}

// ---- Actions

void RemoteHost::expect_reply(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  replies_.emplace(id, true);
}

void RemoteHost::forget_reply(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  replies_.erase(id);
}

void RemoteHost::reply(void* user, myriad_status status, myriad_text output) {
  auto& host = *the_host.load();
  const auto id = reinterpret_cast<std::uintptr_t>(user);
  {
    const std::lock_guard lock(host.mutex_);
    if (host.replies_.erase(id) == 0) return;
  }
  host.send(Type::invoked, status, id, view(output), true);
}

}  // namespace myriad::plugin_runner
