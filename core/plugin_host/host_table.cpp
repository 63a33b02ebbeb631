#include "plugin_host/host_table.h"

#include <cstring>

#include "base/json_depth.h"
#include "base/names.h"
#include "model/abi_batch.h"
#include "plugin_host/outcome.h"

namespace myriad::plugin_host {
namespace {

constexpr std::size_t max_events = 1024;  // not yet recorded
constexpr std::size_t max_td = 4 << 20, max_event = 64 << 10, max_kv = 1 << 20, max_key = 256;

std::string_view view(myriad_text t) {
  return t.data ? std::string_view(t.data, t.size) : std::string_view();
}
myriad_text text(std::string_view s) {
  return {s.data(), s.size()};
}

void fill(myriad_error* error, std::string_view message) {
  if (!error || error->struct_size < sizeof(myriad_error)) return;
  error->os_code = 0;
  const auto size = std::min(message.size(), sizeof error->message - 1);
  std::memcpy(error->message, message.data(), size);
  error->message[size] = '\0';
}

Level level_of(std::int32_t level) {
  return static_cast<Level>(std::clamp<std::int32_t>(level, MYRIAD_LOG_DEBUG, MYRIAD_LOG_ERROR));
}

HostTable& self(const myriad_host* host) {
  return *static_cast<HostTable*>(host->ctx);
}

// Every function of the table: nothing but CANCELLED once it is closed.
template <class F>
myriad_status entered(const myriad_host* host, F&& f) {
  const HostTable::Entry entry(self(host));
  return entry ? f(self(host)) : MYRIAD_E_CANCELLED;
}

const myriad_host_things things_table{sizeof(myriad_host_things), 0,
                                      [](const myriad_host* h, myriad_text thing, myriad_text td, myriad_error* error) {
                                        return entered(h, [&](HostTable& t) { return t.put_thing(thing, td, error); });
                                      }};

const myriad_host_events events_table{
    sizeof(myriad_host_events), 0,
    [](const myriad_host* h, myriad_text thing, myriad_text event, myriad_text data, std::int64_t time_ns) {
      return entered(h, [&](HostTable& t) { return t.emit(thing, event, data, time_ns); });
    }};

const myriad_host_inputs inputs_table{
    sizeof(myriad_host_inputs), 0,
    [](const myriad_host* h, const myriad_text* patterns, std::uint32_t count, myriad_error* error) {
      return entered(h, [&](HostTable& t) { return t.select(patterns, count, error); });
    },
    [](const myriad_host* h, std::uint32_t point, myriad_text* thing, myriad_text* property) {
      return entered(h, [&](HostTable& t) { return t.name(point, thing, property); });
    },
    [](const myriad_host* h, std::uint32_t point, char* buffer, std::size_t size) {
      return entered(h, [&](HostTable& t) { return t.unit(point, buffer, size); });
    }};

const myriad_host_kv kv_table{
    sizeof(myriad_host_kv), 0,
    [](const myriad_host* h, myriad_text key, const void* value, std::size_t size) {
      return entered(h, [&](HostTable& t) { return t.kv_put(key, value, size); });
    },
    [](const myriad_host* h, myriad_text key, void (*found)(void*, const void*, std::size_t), void* user) {
      return entered(h, [&](HostTable& t) { return t.kv_get(key, found, user); });
    }};

const myriad_host_metrics metrics_table{
    sizeof(myriad_host_metrics), 0,
    [](const myriad_host* h, myriad_text name, double value) {
      return entered(h, [&](HostTable& t) {
        return t.parts().telemetry->set_metric(view(name), value) ? MYRIAD_OK : MYRIAD_E_INVALID;
      });
    },
    [](const myriad_host* h, std::int32_t up, myriad_text reason) {
      return entered(h, [&](HostTable& t) { return t.connection(up != 0, reason); });
    }};

const myriad_host_timer timer_table{
    sizeof(myriad_host_timer), 0,
    [](const myriad_host* h, std::int64_t first_ns, std::int64_t period_ns,
       myriad_status (*fire)(void*, std::uint64_t, myriad_error*), void* user, std::uint64_t* timer) {
      return entered(h, [&](HostTable& t) {
        if (!fire || !timer) return MYRIAD_E_INVALID;
        *timer = t.next_timer();
        return t.set_timer(*timer, first_ns, period_ns, {fire, user});
      });
    },
    [](const myriad_host* h, std::uint64_t timer) {
      return entered(h, [&](HostTable& t) { return t.cancel_timer(timer); });
    }};

const myriad_host_secrets secrets_table{
    sizeof(myriad_host_secrets), 0,
    [](const myriad_host* h, myriad_text name, void (*found)(void*, const void*, std::size_t), void* user,
       myriad_error* error) { return entered(h, [&](HostTable& t) { return t.secret(name, found, user, error); }); }};

const myriad_host_history history_table{sizeof(myriad_host_history), 0,
                                        [](const myriad_host* h, const myriad_history_query* query,
                                           void (*found)(void*, const myriad_batch*), void* user, myriad_error* error) {
                                          return entered(
                                              h, [&](HostTable& t) { return t.history(*query, found, user, error); });
                                        }};

// What a plugin does about readings that were not taken: while the disk is full, as while the queue is, it keeps them.
myriad_status not_taken(Code why) {
  return why == Code::unavailable ? MYRIAD_E_AGAIN : to_status(why);
}

const void* get_extension(const myriad_host*, const char* id) {
  const std::pair<std::string_view, const void*> served[] = {
      {MYRIAD_HOST_THINGS, &things_table},   {MYRIAD_HOST_EVENTS, &events_table},   {MYRIAD_HOST_INPUTS, &inputs_table},
      {MYRIAD_HOST_KV, &kv_table},           {MYRIAD_HOST_METRICS, &metrics_table}, {MYRIAD_HOST_TIMER, &timer_table},
      {MYRIAD_HOST_SECRETS, &secrets_table}, {MYRIAD_HOST_HISTORY, &history_table}};
  for (const auto& [name, table] : served)
    if (name == id) return table;
  return nullptr;
}

void log(const myriad_host* h, std::int32_t level, const char* data, std::size_t size) {
  entered(h, [&](HostTable& t) {
    if (!t.parts().trial) t.parts().telemetry->log(level_of(level), view({data, size}));
    return MYRIAD_OK;
  });
}

HostTable::Parts complete(HostTable::Parts parts) {
  if (!parts.timers) parts.timers = std::make_shared<Timers>(parts.aside, [](std::uint64_t) {});
  return parts;
}

std::int64_t now_ns(const myriad_host* h) {
  const HostTable::Entry entry(self(h));
  return entry ? self(h).parts().clock.now() : SystemClock().now();
}

}  // namespace

HostTable::HostTable(Parts parts) : parts_(complete(std::move(parts))) {
  table_ = {sizeof(myriad_host),
            MYRIAD_ABI,
            this,
            get_extension,
            log,
            now_ns,
            [](const myriad_host* h, myriad_text thing, myriad_text property, std::uint32_t* id) {
              return entered(h, [&](HostTable& t) { return t.intern(thing, property, id); });
            },
            [](const myriad_host* h, const myriad_batch* batch) {
              return entered(h, [&](HostTable& t) { return t.publish(*batch, {}); });
            },
            [](const myriad_host* h, const myriad_batch* batch, void (*done)(void*, myriad_status), void* user) {
              return entered(h, [&](HostTable& t) { return t.publish_durable(*batch, done, user); });
            }};
}

std::vector<std::string> HostTable::patterns() const {
  const std::lock_guard lock(mutex_);
  return patterns_;
}

bool HostTable::drain(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return drained_.wait_until(lock, deadline, [&] { return outstanding_ == 0; });
}

void HostTable::close() {
  open_ = false;
  const std::unique_lock wait(gate_);
}

void HostTable::later(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    ++outstanding_;
  }
  parts_.aside->post([this, task = std::move(task)] {
    task();
    const std::lock_guard lock(mutex_);
    if (--outstanding_ == 0) drained_.notify_all();
  });
}

// ---- Points and readings

myriad_status HostTable::intern(myriad_text thing, myriad_text property, std::uint32_t* id) {
  thread_local std::string name;
  name.assign(view(thing)).append("/").append(view(property));
  if (const auto known = parts_.points.find(name)) {
    *id = static_cast<std::uint32_t>(*known);
    own(*id, name);
    return MYRIAD_OK;
  }
  if (parts_.telemetry->points_made >= parts_.limits.points)
    return exceed(std::to_string(parts_.limits.points) + " new points");
  const auto made = parts_.points.intern(view(thing), view(property));
  if (!made) return MYRIAD_E_INVALID;
  ++parts_.telemetry->points_made;
  *id = static_cast<std::uint32_t>(*made);
  own(*id, name);
  return MYRIAD_OK;
}

myriad_status HostTable::exceed(std::string_view what) {
  refuse("it has " + std::string(what) + ", which is an instance's limit: split it, or use less");
  return MYRIAD_E_DENIED;
}

// Points of others it may name, and not publish.
void HostTable::own(std::uint32_t point, std::string_view name) {
  if (!own_points_.contains(point) && other_owner(name).empty()) own_points_.insert(point);
}

std::string HostTable::other_owner(std::string_view point) const {
  const auto property = parts_.registry.property(point);
  if (!property || property->owner.empty() || property->owner == parts_.id) return {};
  const auto other = parts_.registry.instance(property->owner);
  return other && other->enabled ? property->owner : std::string();
}

std::string HostTable::why_not_its_own(std::uint32_t point) const {
  const auto name = std::string(parts_.points.name(model::PointId{point}));
  const auto other = other_owner(name);
  return "point '" + name + "' " +
         (other.empty() ? "was not named by it: intern it first" : "belongs to instance '" + other + "'");
}

// A plugin that errs does so again and again: says each reason once.
myriad_status HostTable::refuse(std::string_view why) {
  ++parts_.telemetry->errors;
  {
    const std::lock_guard lock(mutex_);
    if (last_refusal_ == why) return MYRIAD_E_INVALID;
    last_refusal_ = why;
  }
  parts_.telemetry->log(Level::warn, "refused what the plugin published: " + std::string(why));
  return MYRIAD_E_INVALID;
}

myriad_status HostTable::publish(const myriad_batch& batch, spine::Spine::Done done, bool counts) {
  thread_local std::vector<model::Reading> copy;
  const auto readings = model::view_of(batch, copy);
  if (!readings) return refuse(readings.error().message);
  if (const auto ok = model::check(*readings, parts_.points.size()); !ok) return refuse(ok.error().message);
  if (const auto other = own_points_.find_other(readings->readings)) return refuse(why_not_its_own(*other));
  if (parts_.trial || batch.count == 0) return MYRIAD_OK;
  const auto not_now = [&](myriad_status why) {
    if (counts) parts_.telemetry->refused += batch.count;
    return why;
  };
  auto* allowance = parts_.allowance.get();
  if (allowance && !allowance->take(batch.count, readings->bytes())) return not_now(MYRIAD_E_AGAIN);
  const auto taken = parts_.spine.append(*readings, std::move(done));
  if (!taken) {
    if (allowance) allowance->give_back(batch.count, readings->bytes());
    return not_now(not_taken(taken.error().code));
  }
  parts_.telemetry->readings += batch.count;
  ++parts_.telemetry->batches;
  return MYRIAD_OK;
}

myriad_status HostTable::publish_durable(const myriad_batch& batch, void (*done)(void*, myriad_status), void* user,
                                         bool counts) {
  if (parts_.trial) return MYRIAD_E_UNSUPPORTED;
  const auto answer = [this, done, user](myriad_status status) { later([=] { done(user, status); }); };
  {
    const std::lock_guard lock(mutex_);
    ++outstanding_;
  }
  const auto status = publish(
      batch,
      [this, answer](const Status& committed, spine::Sequence) {
        answer(committed ? MYRIAD_OK : to_status(committed.error().code));
        const std::lock_guard lock(mutex_);
        --outstanding_;
      },
      counts);
  const bool committer_answers = status == MYRIAD_OK && batch.count > 0;
  if (committer_answers) return status;
  if (status == MYRIAD_OK) answer(MYRIAD_OK);
  const std::lock_guard lock(mutex_);
  if (--outstanding_ == 0) drained_.notify_all();
  return status;
}

// ---- Things, events, inputs, state

myriad_status HostTable::put_thing(myriad_text thing, myriad_text td_json, myriad_error* error) {
  const auto name = view(thing);
  if (!is_slug(name)) {
    fill(error, "Thing '" + std::string(name.substr(0, 80)) + "': a name is letters, digits, '_', '-', '.', '~'");
    return MYRIAD_E_INVALID;
  }
  const bool is_bounded = td_json.size <= max_td && !is_deep_json(view(td_json));
  const auto td = is_bounded ? nlohmann::json::parse(view(td_json), nullptr, false) : nlohmann::json();
  if (!td.is_object()) {
    fill(error, "the description of '" + std::string(name) + "' is no JSON object of at most 4 MiB and 64 levels");
    return MYRIAD_E_INVALID;
  }
  if (parts_.trial) return MYRIAD_OK;
  {
    const std::lock_guard lock(mutex_);
    if (described_bytes_ > parts_.limits.described) {
      fill(error, "an instance describes at most " + std::to_string(parts_.limits.described >> 20) + " MiB of Things");
      return MYRIAD_E_DENIED;
    }
  }
  const auto put = parts_.registry.describe_thing(name, td, parts_.id);
  if (put) {
    const std::lock_guard lock(mutex_);
    auto& bytes = described_[std::string(name)];
    described_bytes_ += put->td.size() - bytes;
    bytes = put->td.size();
    return MYRIAD_OK;
  }
  fill(error, put.error().field.empty() ? put.error().message : put.error().field + ": " + put.error().message);
  return to_status(put.error().code);
}

myriad_status HostTable::emit(myriad_text thing, myriad_text event, myriad_text data, std::int64_t time_ns) {
  const bool json =
      data.size == 0 || (data.size <= max_event && !is_deep_json(view(data)) && nlohmann::json::accept(view(data)));
  if (!is_slug(view(thing)) || !is_slug(view(event)) || !json || time_ns < 0) return MYRIAD_E_INVALID;
  if (parts_.trial) return MYRIAD_OK;
  {
    const std::lock_guard lock(mutex_);
    if (events_ >= max_events) return MYRIAD_E_AGAIN;
    ++events_;
  }
  later([this,
         e = registry::Event{0, std::string(view(thing)), std::string(view(event)), std::string(view(data)), time_ns}] {
    if (const auto ok = parts_.registry.record_event(e); !ok) {
      ++parts_.telemetry->errors;
      parts_.telemetry->log(Level::error, "event '" + e.event + "' was not recorded: " + ok.error().message);
    }
    const std::lock_guard lock(mutex_);
    --events_;
  });
  return MYRIAD_OK;
}

myriad_status HostTable::select(const myriad_text* patterns, std::uint32_t count, myriad_error* error) {
  std::vector<std::string> chosen;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto& pattern = chosen.emplace_back(view(patterns[i]));
    if (pattern == "*" || std::count(pattern.begin(), pattern.end(), '/') == 1) continue;
    fill(error, "pattern '" + pattern.substr(0, 80) + "': write <thing>/<property>, where * stands for any run, or *");
    return MYRIAD_E_INVALID;
  }
  const std::lock_guard lock(mutex_);
  patterns_ = std::move(chosen);
  return MYRIAD_OK;
}

myriad_status HostTable::name(std::uint32_t point, myriad_text* thing, myriad_text* property) const {
  const auto full = parts_.points.name(model::PointId{point});
  if (full.empty()) return MYRIAD_E_INVALID;
  const auto slash = full.find('/');
  *thing = text(full.substr(0, slash));
  *property = text(full.substr(slash + 1));
  return MYRIAD_OK;
}

myriad_status HostTable::unit(std::uint32_t point, char* buffer, std::size_t size) const {
  if (!buffer || size == 0) return MYRIAD_E_INVALID;
  const auto full = parts_.points.name(model::PointId{point});
  const auto property = full.empty() ? std::nullopt : parts_.registry.property(full);
  const std::string unit = property ? property->unit : "";
  const auto kept = std::min(unit.size(), size - 1);
  std::memcpy(buffer, unit.data(), kept);
  buffer[kept] = '\0';
  return full.empty() ? MYRIAD_E_INVALID : MYRIAD_OK;
}

myriad_status HostTable::kv_put(myriad_text key, const void* value, std::size_t size) {
  if (key.size == 0 || key.size > max_key || size > max_kv || (size > 0 && !value)) return MYRIAD_E_INVALID;
  if (parts_.trial) return MYRIAD_OK;
  const auto owner = "instance/" + parts_.id;
  const auto before = parts_.registry.state_bytes(owner, view(key));
  {
    std::unique_lock lock(mutex_);
    if (!kept_bytes_) kept_bytes_ = parts_.registry.state_bytes(owner);
    const auto after = *kept_bytes_ - std::min(*kept_bytes_, before) + (size > 0 ? key.size + size + 64 : 0);
    const bool is_too_much = after > std::max(*kept_bytes_, parts_.limits.kept);
    if (!is_too_much) kept_bytes_ = after;
    lock.unlock();
    if (is_too_much) return exceed(std::to_string(parts_.limits.kept >> 20) + " MiB of state");
  }
  const auto ok = parts_.registry.put(owner, view(key), {static_cast<const char*>(value), size});
  return ok ? MYRIAD_OK : to_status(ok.error().code);
}

myriad_status HostTable::kv_get(myriad_text key, void (*found)(void*, const void*, std::size_t), void* user) {
  const auto value = parts_.registry.get("instance/" + parts_.id, view(key));
  if (!value) return MYRIAD_E_UNAVAILABLE;
  found(user, value->data(), value->size());
  return MYRIAD_OK;
}

myriad_status HostTable::connection(bool up, myriad_text reason) {
  if (parts_.trial || !parts_.telemetry->set_connection(up, view(reason))) return MYRIAD_OK;
  parts_.telemetry->log(up ? Level::info : Level::warn,
                        up ? "connected" : "not connected: " + std::string(view(reason)));
  if (parts_.on_connection) parts_.on_connection(up);
  return MYRIAD_OK;
}

// ---- Time, secrets, history

myriad_status HostTable::set_timer(std::uint64_t id, std::int64_t first_ns, std::int64_t period_ns, Timers::Call call) {
  const auto status = parts_.timers->set(id, first_ns, period_ns, call);
  return status == MYRIAD_E_DENIED ? exceed(std::to_string(Timers::most) + " timers") : status;
}

myriad_status HostTable::cancel_timer(std::uint64_t id) {
  return parts_.timers->cancel(id);
}

myriad_status HostTable::secret(myriad_text name, void (*found)(void*, const void*, std::size_t), void* user,
                                myriad_error* error) {
  if (!is_slug(view(name)) || !parts_.secret) {
    fill(error,
         parts_.secret ? "a secret's name is letters, digits, '_', '-', '.', '~'" : "this site keeps no secrets");
    return parts_.secret ? MYRIAD_E_INVALID : MYRIAD_E_UNSUPPORTED;
  }
  const auto value = parts_.secret(view(name));
  if (value) {
    found(user, value->data(), value->size());
    return MYRIAD_OK;
  }
  fill(error, value.error().message);
  return to_status(value.error().code);
}

myriad_status HostTable::history(const myriad_history_query& q, void (*found)(void*, const myriad_batch*), void* user,
                                 myriad_error* error) {
  const auto name = parts_.points.name(model::PointId{q.point});
  if (q.struct_size < sizeof q || name.empty()) {
    fill(error, name.empty() ? "point " + std::to_string(q.point) + " is none: use what intern_point() gave"
                             : "struct_size is not that of myriad_history_query");
    return MYRIAD_E_INVALID;
  }
  if (!parts_.trial && !parts_.history) {
    fill(error, "this site records no history");
    return MYRIAD_E_UNSUPPORTED;
  }
  const Result<model::Batch> batch = parts_.trial ? model::Batch() : parts_.history(name, q);
  if (!batch) {
    fill(error, batch.error().message);
    return to_status(batch.error().code);
  }
  const auto raw = model::to_abi(batch->view());
  found(user, &raw);
  return MYRIAD_OK;
}

}  // namespace myriad::plugin_host
