// The C++20 face of plugin.h: derive a class, get the whole ABI. Header only; nothing here crosses the boundary.
//
//   class Thermometer : public myriad::Plugin, public myriad::Device {
//    public:
//     Thermometer(myriad::Host host, std::string_view config_json);  // parses; no I/O
//     void poll(std::int64_t deadline_ns) override;                  // publishes
//   };
//   MYRIAD_PLUGIN(Thermometer, "thermometer", "1.0.0")
//
// Failure is thrown as myriad::Failure and becomes a status at the edge; any other exception becomes INTERNAL.
// Threads are those of plugin.h: one call at a time per object, but cancel(), which comes from any thread.
#ifndef MYRIAD_PLUGIN_HPP
#define MYRIAD_PLUGIN_HPP

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "myriad/plugin.h"

namespace myriad {

// An expected failure: the status tells the host what to do, the message tells a person what to mend.
class Failure : public std::exception {
 public:
  Failure(myriad_status status, std::string message, int os_code = 0)
      : status_(status), os_code_(os_code), message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }
  myriad_status status() const { return status_; }
  int os_code() const { return os_code_; }

 private:
  myriad_status status_;
  int os_code_;
  std::string message_;
};

inline myriad_text text(std::string_view s) {
  return {s.data(), s.size()};
}
inline std::string_view view(myriad_text t) {
  return {t.data, t.size};
}

// A batch that somebody else owns, borrowed for the call. Steps by the producer's stride.
class BatchView {
 public:
  explicit BatchView(const myriad_batch& batch) : batch_(&batch) {}
  std::uint32_t size() const { return batch_->count; }
  std::uint64_t sequence() const { return batch_->sequence; }
  const myriad_reading& operator[](std::uint32_t i) const {
    const auto* first = reinterpret_cast<const char*>(batch_->readings);
    return *reinterpret_cast<const myriad_reading*>(first + std::size_t{i} * batch_->stride);
  }
  // The content of a TEXT, BYTES or JSON reading.
  std::string_view text(const myriad_reading& r) const {
    return {reinterpret_cast<const char*>(batch_->blob) + r.value.blob.offset, r.value.blob.size};
  }

 private:
  const myriad_batch* batch_;
};

// A batch under construction. Keeps its memory over clear(), so that a poll loop allocates once.
class Batch {
 public:
  void add(std::uint32_t point, std::int64_t time_ns, bool v, std::uint16_t quality = MYRIAD_GOOD) {
    next(point, time_ns, MYRIAD_BOOL, quality).value.i64 = v ? 1 : 0;
  }
  void add(std::uint32_t point, std::int64_t time_ns, std::int64_t v, std::uint16_t quality = MYRIAD_GOOD) {
    next(point, time_ns, MYRIAD_I64, quality).value.i64 = v;
  }
  void add(std::uint32_t point, std::int64_t time_ns, std::uint64_t v, std::uint16_t quality = MYRIAD_GOOD) {
    next(point, time_ns, MYRIAD_U64, quality).value.u64 = v;
  }
  void add(std::uint32_t point, std::int64_t time_ns, double v, std::uint16_t quality = MYRIAD_GOOD) {
    next(point, time_ns, MYRIAD_F64, quality).value.f64 = v;
  }
  void add(std::uint32_t point, std::int64_t time_ns, std::string_view v, std::uint16_t quality = MYRIAD_GOOD,
           std::uint16_t type = MYRIAD_TEXT) {
    auto& r = next(point, time_ns, type, quality);
    r.value.blob = {static_cast<std::uint32_t>(blob_.size()), static_cast<std::uint32_t>(v.size())};
    blob_.insert(blob_.end(), v.begin(), v.end());
  }
  // Without this one a literal would become a bool.
  void add(std::uint32_t point, std::int64_t time_ns, const char* v, std::uint16_t quality = MYRIAD_GOOD) {
    add(point, time_ns, std::string_view(v), quality);
  }
  void add(const myriad_reading& number) { readings_.push_back(number); }

  void clear() {
    readings_.clear();
    blob_.clear();
  }
  void reserve(std::size_t readings) { readings_.reserve(readings); }
  bool empty() const { return readings_.empty(); }
  std::size_t size() const { return readings_.size(); }
  std::span<myriad_reading> readings() { return readings_; }
  myriad_batch raw() const {
    return {sizeof(myriad_batch),
            sizeof(myriad_reading),
            readings_.data(),
            blob_.data(),
            static_cast<std::uint32_t>(readings_.size()),
            static_cast<std::uint32_t>(blob_.size()),
            0};
  }

 private:
  myriad_reading& next(std::uint32_t point, std::int64_t time_ns, int type, std::uint16_t quality) {
    auto& r = readings_.emplace_back();
    r.time_ns = time_ns;
    r.point = point;
    r.type = static_cast<std::uint16_t>(type);
    r.quality = quality;
    return r;
  }
  std::vector<myriad_reading> readings_;
  std::vector<std::uint8_t> blob_;
};

// The host as an instance sees it. Cheap to copy; valid until the instance is destroyed. Thread-safe.
class Host {
 public:
  explicit Host(const myriad_host* host) : host_(host) {}

  void debug(std::string_view s) const { log(MYRIAD_LOG_DEBUG, s); }
  void info(std::string_view s) const { log(MYRIAD_LOG_INFO, s); }
  void warn(std::string_view s) const { log(MYRIAD_LOG_WARN, s); }
  void error(std::string_view s) const { log(MYRIAD_LOG_ERROR, s); }
  void log(std::int32_t level, std::string_view s) const { host_->log(host_, level, s.data(), s.size()); }

  std::int64_t now_ns() const { return host_->now_ns(host_); }

  std::uint32_t intern(std::string_view thing, std::string_view property) const {
    std::uint32_t id = 0;
    const auto status = host_->intern_point(host_, text(thing), text(property), &id);
    if (status != MYRIAD_OK)
      throw Failure(status, "'" + std::string(thing) + "/" + std::string(property) +
                                "' is no point name: use letters, digits, '_', '-', '.', '~', at most 128 bytes each");
    return id;
  }

  // OK, AGAIN (keep the batch, call again) or INVALID (a reading breaks the rules of plugin.h).
  [[nodiscard]] myriad_status publish(const Batch& batch) const {
    const auto raw = batch.raw();
    return host_->publish(host_, &raw);
  }
  // `done` runs on a host thread when the batch is on disk; never when this fails.
  [[nodiscard]] myriad_status publish_durable(const Batch& batch, std::function<void(myriad_status)> done) const {
    const auto raw = batch.raw();
    auto user = std::make_unique<std::function<void(myriad_status)>>(std::move(done));
    const auto call = [](void* p, myriad_status status) {
      const std::unique_ptr<std::function<void(myriad_status)>> f(static_cast<std::function<void(myriad_status)>*>(p));
      (*f)(status);
    };
    const auto status = host_->publish_durable(host_, &raw, call, user.get());
    if (status == MYRIAD_OK) user.release();
    return status;
  }

  // Describes a Thing: a partial W3C TD as JSON text.
  void put_thing(std::string_view name, std::string_view td_json) const {
    const auto* things = extension<myriad_host_things>(MYRIAD_HOST_THINGS);
    myriad_error error = blank();
    check(things->put(host_, text(name), text(td_json), &error), error);
  }
  [[nodiscard]] myriad_status emit(std::string_view thing, std::string_view event, std::string_view data_json,
                                   std::int64_t time_ns) const {
    return extension<myriad_host_events>(MYRIAD_HOST_EVENTS)
        ->emit(host_, text(thing), text(event), text(data_json), time_ns);
  }
  // Which points deliver() or process() receive. In the constructor.
  void select(std::span<const std::string> patterns) const {
    std::vector<myriad_text> raw;
    for (const auto& p : patterns) raw.push_back(text(p));
    myriad_error error = blank();
    check(extension<myriad_host_inputs>(MYRIAD_HOST_INPUTS)
              ->select(host_, raw.data(), static_cast<std::uint32_t>(raw.size()), &error),
          error);
  }
  struct PointName {
    std::string_view thing, property;
  };
  PointName name(std::uint32_t point) const {
    myriad_text thing{}, property{};
    const auto status = extension<myriad_host_inputs>(MYRIAD_HOST_INPUTS)->name(host_, point, &thing, &property);
    if (status != MYRIAD_OK) throw Failure(status, "point " + std::to_string(point) + " has no name");
    return {view(thing), view(property)};
  }
  std::string unit(std::uint32_t point) const {
    char buffer[64] = "";
    extension<myriad_host_inputs>(MYRIAD_HOST_INPUTS)->unit(host_, point, buffer, sizeof buffer);
    return buffer;
  }
  void metric(std::string_view name, double value) const {
    extension<myriad_host_metrics>(MYRIAD_HOST_METRICS)->set(host_, text(name), value);
  }
  void connected() const { extension<myriad_host_metrics>(MYRIAD_HOST_METRICS)->connection(host_, 1, text("")); }
  void disconnected(std::string_view reason) const {
    extension<myriad_host_metrics>(MYRIAD_HOST_METRICS)->connection(host_, 0, text(reason));
  }
  void store(std::string_view key, std::string_view value) const {
    const auto status = extension<myriad_host_kv>(MYRIAD_HOST_KV)->put(host_, text(key), value.data(), value.size());
    if (status != MYRIAD_OK) throw Failure(status, "state '" + std::string(key) + "' was not stored");
  }
  // Empty when the key is not there.
  std::string stored(std::string_view key) const {
    std::string out;
    const auto found = [](void* user, const void* data, std::size_t size) {
      static_cast<std::string*>(user)->assign(static_cast<const char*>(data), size);
    };
    extension<myriad_host_kv>(MYRIAD_HOST_KV)->get(host_, text(key), found, &out);
    return out;
  }

  // What an administrator keeps for this instance under that name. Ask whenever you connect, and never log it.
  std::string secret(std::string_view name) const {
    std::string out;
    const auto found = [](void* user, const void* data, std::size_t size) {
      static_cast<std::string*>(user)->assign(static_cast<const char*>(data), size);
    };
    myriad_error error = blank();
    check(extension<myriad_host_secrets>(MYRIAD_HOST_SECRETS)->get(host_, text(name), found, &out, &error), error);
    return out;
  }
  struct HistoryQuery {  // as myriad_history_query
    std::uint32_t point = 0;
    std::int64_t from_ns = 0, to_ns = INT64_MAX, step_ns = 0;
    std::uint32_t aggregate = MYRIAD_AGGREGATE_MEAN, limit = 100'000;
  };
  // Calls `found` once with the first readings that there are; plugin.h tells how to go on behind them.
  void history(const HistoryQuery& q, const std::function<void(const BatchView&)>& found) const {
    const myriad_history_query raw{sizeof raw, q.point, q.from_ns, q.to_ns, q.step_ns, q.aggregate, q.limit};
    struct Call {
      const std::function<void(const BatchView&)>& found;
      std::exception_ptr failed;
    } call{found, nullptr};
    const auto take = [](void* user, const myriad_batch* batch) {
      try {
        static_cast<Call*>(user)->found(BatchView(*batch));
      } catch (...) {
        static_cast<Call*>(user)->failed = std::current_exception();
      }
    };
    myriad_error error = blank();
    check(extension<myriad_host_history>(MYRIAD_HOST_HISTORY)->query(host_, &raw, take, &call, &error), error);
    if (call.failed) std::rethrow_exception(call.failed);
  }
  // Plugin::every() and after() are the easier way.
  [[nodiscard]] std::uint64_t set_timer(std::chrono::nanoseconds first, std::chrono::nanoseconds period,
                                        myriad_status (*fire)(void*, std::uint64_t, myriad_error*), void* user) const {
    std::uint64_t id = 0;
    const auto status =
        extension<myriad_host_timer>(MYRIAD_HOST_TIMER)->set(host_, first.count(), period.count(), fire, user, &id);
    if (status != MYRIAD_OK)
      throw Failure(status, status == MYRIAD_E_DENIED ? "the instance has as many timers as it may: end some"
                                                      : "the timer was not set: a period is 0, or 10 ms to a year");
    return id;
  }
  void cancel_timer(std::uint64_t timer) const {
    extension<myriad_host_timer>(MYRIAD_HOST_TIMER)->cancel(host_, timer);
  }

  const myriad_host* raw() const { return host_; }

 private:
  template <class Table>
  const Table* extension(const char* id) const {
    const auto* table = static_cast<const Table*>(host_->get_extension(host_, id));
    if (!table) throw Failure(MYRIAD_E_UNSUPPORTED, std::string("this host does not serve ") + id + ": upgrade it");
    return table;
  }
  static myriad_error blank() { return {sizeof(myriad_error), 0, ""}; }
  static void check(myriad_status status, const myriad_error& error) {
    if (status != MYRIAD_OK) throw Failure(status, error.message, error.os_code);
  }
  const myriad_host* host_;
};

namespace detail {

inline void fill(myriad_error* e, const char* message, int os_code) {
  if (!e || e->struct_size < sizeof(myriad_error)) return;
  e->os_code = os_code;
  std::snprintf(e->message, sizeof e->message, "%s", message);
}

// The edge: no exception passes.
template <class F>
myriad_status guarded(myriad_error* e, F&& f) noexcept {
  try {
    f();
    return MYRIAD_OK;
  } catch (const Failure& failure) {
    fill(e, failure.what(), failure.os_code());
    return failure.status();
  } catch (const std::exception& x) {
    fill(e, x.what(), 0);
  } catch (...) {
    fill(e, "an exception that is no std::exception", 0);
  }
  return MYRIAD_E_INTERNAL;
}

// What a plugin's timers call. Thread-safe.
class TimerBook {
 public:
  using Task = std::function<void()>;

  std::uint64_t set(const Host& host, std::chrono::nanoseconds first, std::chrono::nanoseconds period, Task task) {
    const std::lock_guard lock(mutex_);  // kept while it is set: its first tick may come at once
    const auto id = host.set_timer(first, period, &fire, this);
    tasks_[id] = {std::make_shared<Task>(std::move(task)), period.count() == 0};
    return id;
  }
  void cancel(const Host& host, std::uint64_t id) {
    host.cancel_timer(id);
    const std::lock_guard lock(mutex_);
    tasks_.erase(id);
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    tasks_.clear();
  }

 private:
  struct Entry {
    std::shared_ptr<Task> task;
    bool once = false;
  };
  static myriad_status fire(void* user, std::uint64_t id, myriad_error* error) {
    return guarded(error, [&] {
      // Its own, for the task may end its timer.
      if (const auto task = static_cast<TimerBook*>(user)->find(id)) (*task)();
    });
  }
  std::shared_ptr<Task> find(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    const auto it = tasks_.find(id);
    if (it == tasks_.end()) return nullptr;
    const auto entry = it->second;
    if (entry.once) tasks_.erase(it);
    return entry.task;
  }
  std::mutex mutex_;  // guards tasks_
  std::map<std::uint64_t, Entry> tasks_;
};

struct Edge;

}  // namespace detail

// What every plugin is. The constructor of the derived class takes (Host, std::string_view config_json).
class Plugin {
 public:
  explicit Plugin(Host host) : host_(host) {}
  virtual ~Plugin() = default;
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  virtual void start() {}
  virtual void stop() {}
  virtual void cancel() noexcept {}

 protected:
  const Host& host() const { return host_; }

  // Calls `task` as the host calls poll(): never beside another call, from start() to stop(). stop() ends all timers.
  using TimerId = std::uint64_t;
  TimerId every(std::chrono::nanoseconds period, std::function<void()> task) {
    return timers_.set(host_, period, period, std::move(task));
  }
  TimerId after(std::chrono::nanoseconds delay, std::function<void()> task) {
    return timers_.set(host_, delay, std::chrono::nanoseconds(0), std::move(task));
  }
  void cancel_timer(TimerId timer) { timers_.cancel(host_, timer); }

 private:
  friend struct detail::Edge;
  Host host_;
  detail::TimerBook timers_;
};

// Serves myriad.device/1.
class Device {
 public:
  virtual ~Device() = default;
  virtual void discover(std::int64_t) { throw Failure(MYRIAD_E_UNSUPPORTED, "this plugin does not discover devices"); }
  virtual void poll(std::int64_t deadline_ns) = 0;
  virtual void read(std::span<const std::uint32_t>, std::int64_t) {
    throw Failure(MYRIAD_E_UNSUPPORTED, "this plugin reads only by polling");
  }
  // each[i] is OK when reading i was written and confirmed.
  virtual void write(const BatchView&, std::span<myriad_status>) {
    throw Failure(MYRIAD_E_UNSUPPORTED, "this plugin does not write");
  }
  using Reply = std::function<void(myriad_status, std::string_view output_json)>;
  virtual void invoke(std::string_view, std::string_view action, std::string_view, Reply) {
    throw Failure(MYRIAD_E_UNSUPPORTED, "this plugin has no action '" + std::string(action) + "'");
  }
};

// Serves myriad.sink/1.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void deliver(const BatchView&) = 0;  // returning means delivered
};

// Serves myriad.processor/1.
class Processor {
 public:
  virtual ~Processor() = default;
  virtual void process(const BatchView&) = 0;
  virtual std::string save() { return {}; }
  virtual void load(std::string_view) {}
};

// Serves myriad.http/1.
struct HttpRequest {  // borrowed for the call
  std::string_view method, path, query, content_type, body, user;
};
struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8", body = {};
};
class Http {
 public:
  virtual ~Http() = default;
  virtual HttpResponse serve(const HttpRequest&) = 0;
};

namespace detail {

struct Edge {
  static void stop(Plugin& plugin) {
    plugin.stop();
    plugin.timers_.clear();
  }
};

// The instance by one of its faces, so that a plugin's own read() or a private override hides nothing.
template <class T, class Face>
Face& self(myriad_instance* i) {
  return *reinterpret_cast<T*>(i);
}

template <class T>
const myriad_ext_device* device_table() {
  static const myriad_ext_device table{
      sizeof(myriad_ext_device),
      0,
      [](myriad_instance* i, std::int64_t deadline, myriad_error* e) {
        return guarded(e, [&] { self<T, Device>(i).discover(deadline); });
      },
      [](myriad_instance* i, std::int64_t deadline, myriad_error* e) {
        return guarded(e, [&] { self<T, Device>(i).poll(deadline); });
      },
      [](myriad_instance* i, const std::uint32_t* points, std::uint32_t count, std::int64_t deadline, myriad_error* e) {
        return guarded(e, [&] { self<T, Device>(i).read({points, count}, deadline); });
      },
      [](myriad_instance* i, const myriad_batch* batch, myriad_status* each, myriad_error* e) {
        return guarded(e, [&] { self<T, Device>(i).write(BatchView(*batch), {each, batch->count}); });
      },
      [](myriad_instance* i, myriad_text thing, myriad_text action, myriad_text input,
         void (*reply)(void*, myriad_status, myriad_text), void* user, myriad_error* e) {
        return guarded(e, [&] {
          self<T, Device>(i).invoke(
              view(thing), view(action), view(input),
              [reply, user](myriad_status s, std::string_view out) { reply(user, s, text(out)); });
        });
      }};
  return &table;
}

template <class T>
const myriad_ext_sink* sink_table() {
  static const myriad_ext_sink table{sizeof(myriad_ext_sink), 0,
                                     [](myriad_instance* i, const myriad_batch* batch, myriad_error* e) {
                                       return guarded(e, [&] { self<T, Sink>(i).deliver(BatchView(*batch)); });
                                     }};
  return &table;
}

template <class T>
const myriad_ext_processor* processor_table() {
  static const myriad_ext_processor table{
      sizeof(myriad_ext_processor), 0,
      [](myriad_instance* i, const myriad_batch* in, myriad_error* e) {
        return guarded(e, [&] { self<T, Processor>(i).process(BatchView(*in)); });
      },
      [](myriad_instance* i, void (*write)(void*, const void*, std::size_t), void* user) {
        return guarded(nullptr, [&] {
          const std::string state = self<T, Processor>(i).save();
          write(user, state.data(), state.size());
        });
      },
      [](myriad_instance* i, const void* state, std::size_t size, myriad_error* e) {
        return guarded(e, [&] { self<T, Processor>(i).load({static_cast<const char*>(state), size}); });
      }};
  return &table;
}

template <class T>
const myriad_ext_http* http_table() {
  static const myriad_ext_http table{
      sizeof(myriad_ext_http), 0,
      [](myriad_instance* i, const myriad_http_request* r, void (*respond)(void*, const myriad_http_response*),
         void* user, myriad_error* e) {
        return guarded(e, [&] {
          const HttpResponse out = self<T, Http>(i).serve(
              {view(r->method), view(r->path), view(r->query), view(r->content_type), view(r->body), view(r->user)});
          const myriad_http_response raw{sizeof raw, out.status, text(out.content_type), text(out.body)};
          respond(user, &raw);
        });
      }};
  return &table;
}

template <class T>
const void* extension(myriad_instance*, const char* id) {
  if constexpr (std::is_base_of_v<Device, T>)
    if (std::strcmp(id, MYRIAD_EXT_DEVICE) == 0) return device_table<T>();
  if constexpr (std::is_base_of_v<Sink, T>)
    if (std::strcmp(id, MYRIAD_EXT_SINK) == 0) return sink_table<T>();
  if constexpr (std::is_base_of_v<Processor, T>)
    if (std::strcmp(id, MYRIAD_EXT_PROCESSOR) == 0) return processor_table<T>();
  if constexpr (std::is_base_of_v<Http, T>)
    if (std::strcmp(id, MYRIAD_EXT_HTTP) == 0) return http_table<T>();
  return nullptr;
}

}  // namespace detail

// The table for plugin class T. `id` and `version` are string literals.
template <class T>
myriad_plugin_api plugin_api(const char* id, const char* version) {
  using detail::guarded;
  using detail::self;
  return {sizeof(myriad_plugin_api),
          MYRIAD_ABI,
          MYRIAD_ABI_MAJOR << 16,
          MYRIAD_LAYOUT,
          id,
          version,
          [](const myriad_host* host, const char* config, myriad_instance** out, myriad_error* e) {
            return guarded(e, [&] { *out = reinterpret_cast<myriad_instance*>(new T(Host(host), config)); });
          },
          [](myriad_instance* i) { delete &self<T, T>(i); },
          [](myriad_instance* i, myriad_error* e) { return guarded(e, [&] { self<T, Plugin>(i).start(); }); },
          [](myriad_instance* i) { guarded(nullptr, [&] { detail::Edge::stop(self<T, Plugin>(i)); }); },
          [](myriad_instance* i) { self<T, Plugin>(i).cancel(); },
          [](myriad_instance* i, const char* ext) { return detail::extension<T>(i, ext); }};
}

}  // namespace myriad

// Defines the one exported symbol.
#define MYRIAD_PLUGIN(Type, id, version)                                                         \
  extern "C" MYRIAD_EXPORT const myriad_plugin_api* myriad_plugin_entry_v1(std::uint32_t host) { \
    static const myriad_plugin_api api = myriad::plugin_api<Type>(id, version);                  \
    return (host >> 16) == MYRIAD_ABI_MAJOR ? &api : nullptr;                                    \
  }

#endif
