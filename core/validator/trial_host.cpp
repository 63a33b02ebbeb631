#include "validator/trial_host.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "base/json_depth.h"
#include "base/names.h"
#include "model/abi_batch.h"
#include "model/value.h"

namespace myriad::validator {
namespace {

constexpr std::size_t max_td = 4 << 20, max_event = 64 << 10, max_kv = 1 << 20, max_key = 256, max_notes = 16;

std::string_view view(myriad_text t) {
  return t.data ? std::string_view(t.data, t.size) : std::string_view();
}
myriad_text text(std::string_view s) {
  return {s.data(), s.size()};
}
// For a sentence: short, and without what a terminal would act on.
std::string shown(std::string_view s) {
  std::string out(s.substr(0, 60));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  return "'" + out + "'";
}

void fill(myriad_error* error, const std::string& message) {
  if (!error || error->struct_size < sizeof(myriad_error)) return;
  error->os_code = 0;
  std::snprintf(error->message, sizeof error->message, "%s", message.c_str());
}

TrialHost& self(const myriad_host* h) {
  return *static_cast<TrialHost*>(h->ctx);
}

// A table with the tail that a later minor would add.
template <class Table>
struct Long {
  Table table;
  std::array<std::uint64_t, 8> tail;
};

template <class Table, class... Functions>
void set_up(Long<Table>& t, bool longer, Functions... functions) {
  t.table = {longer ? static_cast<std::uint32_t>(sizeof t) : static_cast<std::uint32_t>(sizeof(Table)), 0,
             functions...};
  t.tail.fill(0x5a5a'5a5a'5a5a'5a5a);  // no address: whoever calls it has not looked at struct_size
}

}  // namespace

const std::vector<std::string>& host_extensions() {
  static const std::vector<std::string> all{MYRIAD_HOST_THINGS,  MYRIAD_HOST_EVENTS,  MYRIAD_HOST_INPUTS,
                                            MYRIAD_HOST_KV,      MYRIAD_HOST_METRICS, MYRIAD_HOST_TIMER,
                                            MYRIAD_HOST_SECRETS, MYRIAD_HOST_HISTORY};
  return all;
}

struct TrialHost::Tables {
  myriad_host host{};
  std::array<std::uint64_t, 8> host_tail{};  // directly behind it
  Long<myriad_host_things> things{};
  Long<myriad_host_events> events{};
  Long<myriad_host_inputs> inputs{};
  Long<myriad_host_kv> kv{};
  Long<myriad_host_metrics> metrics{};
  Long<myriad_host_timer> timer{};
  Long<myriad_host_secrets> secrets{};
  Long<myriad_host_history> history{};

  Tables(TrialHost& owner, const HostKind& kind) {
    host_tail.fill(0x5a5a'5a5a'5a5a'5a5a);
    const auto host_size = sizeof(myriad_host) + (kind.longer ? sizeof host_tail : 0);
    host = {static_cast<std::uint32_t>(host_size),
            kind.abi,
            &owner,
            [](const myriad_host* h, const char* id) { return self(h).extension(id); },
            [](const myriad_host* h, std::int32_t level, const char*, std::size_t) {
              if (self(h).phase_ == Phase::destroyed)
                self(h).note(self(h).misplaced_, "log() was called after destroy() had returned");
              if (level < MYRIAD_LOG_DEBUG || level > MYRIAD_LOG_ERROR)
                self(h).note(self(h).malformed_, "it logs at level " + std::to_string(level) + ", which is unknown");
            },
            [](const myriad_host* h) {
              self(h).may("now_ns()");
              const auto now = std::chrono::system_clock::now().time_since_epoch();
              return std::int64_t{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
            },
            [](const myriad_host* h, myriad_text thing, myriad_text property, std::uint32_t* id) {
              return self(h).intern(thing, property, id);
            },
            [](const myriad_host* h, const myriad_batch* batch) { return self(h).publish(*batch); },
            [](const myriad_host* h, const myriad_batch* batch, void (*done)(void*, myriad_status), void* user) {
              return self(h).publish_durable(*batch, done, user);
            }};
    set_up(things, kind.longer, [](const myriad_host* h, myriad_text thing, myriad_text td, myriad_error* error) {
      return self(h).put_thing(thing, td, error);
    });
    set_up(events, kind.longer,
           [](const myriad_host* h, myriad_text thing, myriad_text event, myriad_text data, std::int64_t time_ns) {
             return self(h).emit(thing, event, data, time_ns);
           });
    set_up(
        inputs, kind.longer,
        [](const myriad_host* h, const myriad_text* patterns, std::uint32_t count, myriad_error* error) {
          return self(h).select(patterns, count, error);
        },
        [](const myriad_host* h, std::uint32_t point, myriad_text* thing, myriad_text* property) {
          return self(h).name(point, thing, property);
        },
        [](const myriad_host* h, std::uint32_t point, char* buffer, std::size_t size) {
          return self(h).unit(point, buffer, size);
        });
    set_up(
        kv, kind.longer,
        [](const myriad_host* h, myriad_text key, const void* value, std::size_t size) {
          return self(h).kv_put(key, value, size);
        },
        [](const myriad_host* h, myriad_text key, void (*found)(void*, const void*, std::size_t), void* user) {
          return self(h).kv_get(key, found, user);
        });
    set_up(
        metrics, kind.longer,
        [](const myriad_host* h, myriad_text name, double value) { return self(h).metric(name, value); },
        [](const myriad_host* h, std::int32_t up, myriad_text reason) { return self(h).connection(up, reason); });
    set_up(
        timer, kind.longer,
        [](const myriad_host* h, std::int64_t first_ns, std::int64_t period_ns,
           myriad_status (*fire)(void*, std::uint64_t, myriad_error*), void* user, std::uint64_t* id) {
          return self(h).set_timer(first_ns, period_ns, {fire, user, period_ns == 0}, id);
        },
        [](const myriad_host* h, std::uint64_t id) { return self(h).cancel_timer(id); });
    set_up(secrets, kind.longer,
           [](const myriad_host* h, myriad_text name, void (*found)(void*, const void*, std::size_t), void* user,
              myriad_error* error) { return self(h).secret(name, found, user, error); });
    set_up(history, kind.longer,
           [](const myriad_host* h, const myriad_history_query* query, void (*found)(void*, const myriad_batch*),
              void* user, myriad_error* error) { return self(h).history(*query, found, user, error); });
  }
};

TrialHost::TrialHost(HostKind kind)
    : kind_(std::move(kind)),
      tables_(std::make_unique<Tables>(*this, kind_)),
      answer_(kind_.answer),
      payer_([this] { pay(); }) {}

TrialHost::~TrialHost() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  payer_.join();
}

const myriad_host* TrialHost::raw() const {
  return &tables_->host;
}

// ---- Promises

void TrialHost::note(std::vector<std::string>& list, std::string sentence) {
  const std::lock_guard lock(mutex_);
  if (list.size() < max_notes && std::find(list.begin(), list.end(), sentence) == list.end())
    list.push_back(std::move(sentence));
}

bool TrialHost::may(const char* function) {
  const auto phase = phase_.load();
  if (phase == Phase::creating || phase == Phase::alive) return true;
  note(misplaced_, std::string(function) + " was called after " + (phase == Phase::stopped ? "stop()" : "destroy()") +
                       " had returned");
  return false;
}

bool TrialHost::is_slug(const char* what, myriad_text name) {
  if (myriad::is_slug(view(name))) return true;
  note(malformed_, std::string(what) + " " + shown(view(name)) + " is no slug");
  return false;
}

std::vector<std::string> TrialHost::malformed() const {
  const std::lock_guard lock(mutex_);
  return malformed_;
}
std::vector<std::string> TrialHost::misplaced() const {
  const std::lock_guard lock(mutex_);
  return misplaced_;
}

// ---- The host's functions

const void* TrialHost::extension(const char* id) {
  may("get_extension()");
  if (kind_.withheld.contains(id)) return nullptr;
  const std::string_view wanted = id;
  if (wanted == MYRIAD_HOST_THINGS) return &tables_->things.table;
  if (wanted == MYRIAD_HOST_EVENTS) return &tables_->events.table;
  if (wanted == MYRIAD_HOST_INPUTS) return &tables_->inputs.table;
  if (wanted == MYRIAD_HOST_KV) return &tables_->kv.table;
  if (wanted == MYRIAD_HOST_METRICS) return &tables_->metrics.table;
  const bool knows_1_1 = kind_.abi >= 0x10001;
  if (wanted == MYRIAD_HOST_TIMER && knows_1_1) return &tables_->timer.table;
  if (wanted == MYRIAD_HOST_SECRETS && knows_1_1) return &tables_->secrets.table;
  if (wanted == MYRIAD_HOST_HISTORY && knows_1_1) return &tables_->history.table;
  return nullptr;
}

// A name that is no slug is not noted: a hostile configuration may hold one, and the plugin learns it here.
myriad_status TrialHost::intern(myriad_text thing, myriad_text property, std::uint32_t* id) {
  may("intern_point()");
  if (!myriad::is_slug(view(thing)) || !myriad::is_slug(view(property))) return MYRIAD_E_INVALID;
  *id = point(std::string(view(thing)) + "/" + std::string(view(property)));
  return MYRIAD_OK;
}

std::uint32_t TrialHost::point(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto [it, added] = ids_.emplace(name, static_cast<std::uint32_t>(names_.size() + 1));
  if (added) names_.push_back(std::make_unique<std::string>(name));
  return it->second;
}

std::uint32_t TrialHost::point_count() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint32_t>(names_.size());
}

myriad_status TrialHost::publish(const myriad_batch& batch) {
  may("publish()");
  thread_local std::vector<model::Reading> copy;
  const auto readings = model::view_of(batch, copy);
  if (!readings) {
    note(malformed_, "it published a batch that cannot be: " + readings.error().message);
    return MYRIAD_E_INVALID;
  }
  if (const auto ok = model::check(*readings, point_count()); !ok) {
    note(malformed_, "it published what breaks the rules: " + ok.error().message);
    return MYRIAD_E_INVALID;
  }
  if (answer_ != MYRIAD_OK) return answer_;
  readings_ += batch.count;
  return MYRIAD_OK;
}

myriad_status TrialHost::publish_durable(const myriad_batch& batch, void (*done)(void*, myriad_status), void* user) {
  if (const auto status = publish(batch); status != MYRIAD_OK) return status;
  const std::lock_guard lock(mutex_);
  owed_.push_back([done, user, status = kind_.durable] { done(user, status); });
  changed_.notify_all();
  return MYRIAD_OK;
}

void TrialHost::pay() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return closed_ || !owed_.empty(); });
    if (owed_.empty()) return;
    auto now = std::exchange(owed_, {});
    paying_ = true;
    lock.unlock();
    for (const auto& call : now) call();
    lock.lock();
    paying_ = false;
    changed_.notify_all();
  }
}

void TrialHost::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return owed_.empty() && !paying_; });
}

myriad_status TrialHost::put_thing(myriad_text thing, myriad_text td, myriad_error* error) {
  may("things/1 put()");
  const bool is_bounded = td.size <= max_td && !is_deep_json(view(td));
  const auto document = is_bounded ? nlohmann::json::parse(view(td), nullptr, false) : nlohmann::json();
  if (!is_slug("a Thing's name", thing) || !document.is_object()) {
    if (!document.is_object()) note(malformed_, "the description of " + shown(view(thing)) + " is no JSON object");
    fill(error, "the Thing's name is no slug, or its description is no JSON object of at most 4 MiB and 64 levels");
    return MYRIAD_E_INVALID;
  }
  if (answer_ != MYRIAD_OK) {
    fill(error, "this host fails as the check tells it");
    return answer_;
  }
  const std::lock_guard lock(mutex_);
  things_[std::string(view(thing))].merge_patch(document);
  return MYRIAD_OK;
}

myriad_status TrialHost::emit(myriad_text thing, myriad_text event, myriad_text data, std::int64_t time_ns) {
  may("events/1 emit()");
  if (!is_slug("an event's Thing", thing) || !is_slug("an event's name", event)) return MYRIAD_E_INVALID;
  const bool json =
      data.size == 0 || (data.size <= max_event && !is_deep_json(view(data)) && nlohmann::json::accept(view(data)));
  if (!json)
    note(malformed_, "the data of event " + shown(view(event)) + " is no JSON of at most 64 KiB and 64 levels");
  if (time_ns < 0) note(malformed_, "event " + shown(view(event)) + " is from before 1970");
  return json && time_ns >= 0 ? answer_.load() : MYRIAD_E_INVALID;
}

myriad_status TrialHost::select(const myriad_text* patterns, std::uint32_t count, myriad_error* error) {
  may("inputs/1 select()");
  if (phase_ == Phase::alive) note(misplaced_, "inputs/1 select() was called after create() had returned");
  std::vector<std::string> chosen;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto& pattern = chosen.emplace_back(view(patterns[i]));
    if (pattern == "*" || std::count(pattern.begin(), pattern.end(), '/') == 1) continue;
    fill(error, "pattern " + shown(pattern) + ": write <thing>/<property>, where * stands for any run, or *");
    return MYRIAD_E_INVALID;
  }
  const std::lock_guard lock(mutex_);
  patterns_ = std::move(chosen);
  return MYRIAD_OK;
}

myriad_status TrialHost::name(std::uint32_t point, myriad_text* thing, myriad_text* property) {
  may("inputs/1 name()");
  const std::lock_guard lock(mutex_);
  if (point == 0 || point > names_.size()) return MYRIAD_E_INVALID;
  const std::string_view full = *names_[point - 1];
  const auto slash = full.find('/');
  *thing = text(full.substr(0, slash));
  *property = text(full.substr(slash + 1));
  return MYRIAD_OK;
}

myriad_status TrialHost::unit(std::uint32_t point, char* buffer, std::size_t size) {
  may("inputs/1 unit()");
  if (!buffer || size == 0 || point == 0 || point > point_count()) return MYRIAD_E_INVALID;
  std::snprintf(buffer, size, "%s", "lx");
  return MYRIAD_OK;
}

myriad_status TrialHost::kv_put(myriad_text key, const void* value, std::size_t size) {
  may("kv/1 put()");
  if (key.size == 0 || key.size > max_key || size > max_kv || (size > 0 && !value)) {
    note(malformed_, "kv/1 put() with a key of " + std::to_string(key.size) + " bytes and a value of " +
                         std::to_string(size) + ": keys have 1 to 256 bytes, values at most 1 MiB");
    return MYRIAD_E_INVALID;
  }
  if (answer_ != MYRIAD_OK) return answer_;
  const std::lock_guard lock(mutex_);
  if (size == 0)
    kv_.erase(std::string(view(key)));
  else
    kv_[std::string(view(key))].assign(static_cast<const char*>(value), size);
  return MYRIAD_OK;
}

myriad_status TrialHost::kv_get(myriad_text key, void (*found)(void*, const void*, std::size_t), void* user) {
  may("kv/1 get()");
  std::string value;
  {
    const std::lock_guard lock(mutex_);
    const auto it = kv_.find(std::string(view(key)));
    if (it == kv_.end()) return MYRIAD_E_UNAVAILABLE;
    value = it->second;
  }
  found(user, value.data(), value.size());
  return MYRIAD_OK;
}

myriad_status TrialHost::metric(myriad_text name, double value) {
  may("metrics/1 set()");
  const auto n = view(name);
  const bool right = !n.empty() && n.size() <= 64 &&
                     n.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
  if (!right) note(malformed_, "metric " + shown(n) + ": a name is [a-z0-9_], at most 64 bytes");
  if (!std::isfinite(value)) note(malformed_, "metric " + shown(n) + " is not finite");
  if (!right || !std::isfinite(value)) return MYRIAD_E_INVALID;
  const std::lock_guard lock(mutex_);
  metrics_.insert(std::string(n));
  return metrics_.size() <= 64 ? answer_.load() : MYRIAD_E_INVALID;
}

myriad_status TrialHost::connection(std::int32_t up, myriad_text reason) {
  may("metrics/1 connection()");
  if (up == 0 && reason.size == 0) note(malformed_, "it reports a lost connection without the reason");
  return MYRIAD_OK;
}

myriad_status TrialHost::set_timer(std::int64_t first_ns, std::int64_t period_ns, Tick tick, std::uint64_t* timer) {
  may("timer/1 set()");
  constexpr std::int64_t shortest = 10'000'000, year = std::int64_t{366} * 24 * 3'600 * 1'000'000'000;
  const bool right = tick.fire && timer && first_ns >= 0 && first_ns <= year &&
                     (period_ns == 0 || (period_ns >= shortest && period_ns <= year));
  if (!right) {
    note(malformed_, "timer/1 set() of " + std::to_string(first_ns) + " and " + std::to_string(period_ns) +
                         " ns: first_ns is 0 to a year, period_ns 0, or 10 ms to a year");
    return MYRIAD_E_INVALID;
  }
  if (answer_ != MYRIAD_OK) return answer_;
  const std::lock_guard lock(mutex_);
  if (ticks_.size() >= 64) return MYRIAD_E_DENIED;
  *timer = ++last_timer_;
  ticks_.emplace(*timer, tick);
  return MYRIAD_OK;
}

myriad_status TrialHost::cancel_timer(std::uint64_t timer) {
  may("timer/1 cancel()");
  const std::lock_guard lock(mutex_);
  return ticks_.erase(timer) > 0 ? MYRIAD_OK : MYRIAD_E_INVALID;
}

myriad_status TrialHost::fire(std::uint64_t timer, myriad_error* error) {
  Tick tick;
  {
    const std::lock_guard lock(mutex_);
    const auto it = ticks_.find(timer);
    if (it == ticks_.end()) return MYRIAD_OK;
    tick = it->second;
    if (tick.once) ticks_.erase(it);
  }
  return tick.fire(tick.user, timer, error);
}

void TrialHost::forget_timers() {
  const std::lock_guard lock(mutex_);
  ticks_.clear();
}

myriad_status TrialHost::secret(myriad_text name, void (*found)(void*, const void*, std::size_t), void* user,
                                myriad_error* error) {
  may("secrets/1 get()");
  if (!is_slug("a secret's name", name)) return MYRIAD_E_INVALID;
  if (answer_ != MYRIAD_OK) {
    fill(error, "this host fails as the check tells it");
    return answer_;
  }
  constexpr std::string_view value = "sesame";
  found(user, value.data(), value.size());
  return MYRIAD_OK;
}

// Three readings, from the begin of the range.
myriad_status TrialHost::history(const myriad_history_query& q, void (*found)(void*, const myriad_batch*), void* user,
                                 myriad_error* error) {
  may("history/1 query()");
  const bool steps = q.step_ns != 0;
  const bool right = q.struct_size >= sizeof q && q.point >= 1 && q.point <= point_count() && q.limit >= 1 &&
                     q.limit <= 100'000 && q.step_ns >= 0 && q.step_ns % 1'000'000 == 0 &&
                     (!steps || (q.aggregate >= MYRIAD_AGGREGATE_MEAN && q.aggregate <= MYRIAD_AGGREGATE_LAST));
  if (!right) {
    note(malformed_,
         "history/1 query() breaks the rules: its point has an id, limit is 1 to 100000, step_ns whole "
         "milliseconds, aggregate one of MYRIAD_AGGREGATE_...");
    fill(error, "the query breaks the rules of plugin.h");
    return MYRIAD_E_INVALID;
  }
  if (answer_ != MYRIAD_OK) {
    fill(error, "this host fails as the check tells it");
    return answer_;
  }
  model::Batch batch;
  const std::int64_t stride = steps ? q.step_ns : 1'000'000'000;
  auto time = steps ? std::max<std::int64_t>(0, q.from_ns) / stride * stride : std::max<std::int64_t>(0, q.from_ns);
  for (std::uint32_t i = 0; i < std::min(3u, q.limit) && time < q.to_ns && time < INT64_MAX - stride; ++i) {
    model::append(batch, model::PointId{q.point}, {time, static_cast<double>(i), MYRIAD_GOOD});
    time += stride;
  }
  const auto raw = model::to_abi(batch.view());
  found(user, &raw);
  return MYRIAD_OK;
}

// ---- What it told

std::vector<TrialHost::Property> TrialHost::properties() const {
  const std::lock_guard lock(mutex_);
  std::vector<Property> out;
  for (const auto& [thing, td] : things_) {
    const auto all = td.value("properties", nlohmann::json::object());
    for (const auto& [name, p] : all.items())
      if (p.is_object() && myriad::is_slug(name)) {
        const auto type = p.value("type", nlohmann::json("number")), fixed = p.value("readOnly", nlohmann::json(false));
        out.push_back({thing, name, type.is_string() ? type.get<std::string>() : "", fixed != true});
      }
  }
  return out;
}

std::vector<TrialHost::Action> TrialHost::actions() const {
  const std::lock_guard lock(mutex_);
  std::vector<Action> out;
  for (const auto& [thing, td] : things_) {
    const auto all = td.value("actions", nlohmann::json::object());
    for (const auto& [name, a] : all.items())
      if (a.is_object()) out.push_back({thing, name, a.value("input", nlohmann::json())});
  }
  return out;
}

std::vector<std::uint64_t> TrialHost::timers() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::uint64_t> out;
  for (const auto& [id, tick] : ticks_) out.push_back(id);
  return out;
}

std::vector<std::string> TrialHost::patterns() const {
  const std::lock_guard lock(mutex_);
  return patterns_;
}

}  // namespace myriad::validator
