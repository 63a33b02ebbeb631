// A host for tests of a plugin without the daemon: records what the plugin publishes, describes and logs.
//
//   myriad::TestHost host;
//   auto plugin = host.create(myriad_plugin_entry_v1(MYRIAD_ABI), R"({"thing":"meter"})", schema);
//   plugin.start();
//   plugin.poll();
//   EXPECT_EQ(host.last("meter/voltage").value.f64, 230.0);
//
// Thread-safe as the real one is. Throws myriad::Failure where the plugin returns a status.
#ifndef MYRIAD_TEST_HOST_HPP
#define MYRIAD_TEST_HOST_HPP

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "myriad/config.hpp"

namespace myriad {

class TestHost {
 public:
  struct Seen {  // a published reading with its own copy of text
    myriad_reading reading;
    std::string point, text;
  };
  struct Event {
    std::string thing, event, data_json;
    std::int64_t time_ns;
  };

  TestHost() {
    host_ = {sizeof(myriad_host), MYRIAD_ABI, this, &get_extension, &log, &now, &intern, &publish, &publish_durable};
  }
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  // A created instance; stopped and destroyed with this object.
  class Instance {
   public:
    Instance(const myriad_plugin_api* api, myriad_instance* instance) : api_(api), instance_(instance) {}
    Instance(Instance&& o) noexcept
        : api_(o.api_), instance_(std::exchange(o.instance_, nullptr)), started_(o.started_) {}
    ~Instance() {
      if (!instance_) return;
      stop();
      api_->destroy(instance_);
    }
    void start() {
      call([&](myriad_error* e) { return api_->start(instance_, e); });
      started_ = true;
    }
    void stop() {
      if (std::exchange(started_, false)) api_->stop(instance_);
    }
    void cancel() { api_->cancel(instance_); }
    void poll(std::int64_t deadline_ns = INT64_MAX) {
      call([&](myriad_error* e) { return device()->poll(instance_, deadline_ns, e); });
    }
    void read(std::vector<std::uint32_t> points) {
      call([&](myriad_error* e) {
        return device()->read(instance_, points.data(), static_cast<std::uint32_t>(points.size()), INT64_MAX, e);
      });
    }
    std::vector<myriad_status> write(const Batch& batch) {
      std::vector<myriad_status> each(batch.size(), MYRIAD_E_INTERNAL);
      const auto raw = batch.raw();
      call([&](myriad_error* e) { return device()->write(instance_, &raw, each.data(), e); });
      return each;
    }
    void deliver(const Batch& batch, std::uint64_t sequence = 1) {
      auto raw = batch.raw();
      raw.sequence = sequence;
      const auto* sink = static_cast<const myriad_ext_sink*>(api_->get_extension(instance_, MYRIAD_EXT_SINK));
      call([&](myriad_error* e) { return sink->deliver(instance_, &raw, e); });
    }
    void process(const Batch& batch) {
      const auto raw = batch.raw();
      call([&](myriad_error* e) { return processor()->process(instance_, &raw, e); });
    }
    std::string save() {
      std::string state;
      processor()->save(
          instance_,
          [](void* user, const void* data, std::size_t size) {
            static_cast<std::string*>(user)->append(static_cast<const char*>(data), size);
          },
          &state);
      return state;
    }
    void load(std::string_view state) {
      call([&](myriad_error* e) { return processor()->load(instance_, state.data(), state.size(), e); });
    }

   private:
    const myriad_ext_device* device() {
      return static_cast<const myriad_ext_device*>(api_->get_extension(instance_, MYRIAD_EXT_DEVICE));
    }
    const myriad_ext_processor* processor() {
      return static_cast<const myriad_ext_processor*>(api_->get_extension(instance_, MYRIAD_EXT_PROCESSOR));
    }
    template <class F>
    void call(F&& f) {
      myriad_error error{sizeof(myriad_error), 0, ""};
      const myriad_status status = f(&error);
      if (status != MYRIAD_OK) throw Failure(status, error.message, error.os_code);
    }
    const myriad_plugin_api* api_;
    myriad_instance* instance_;
    bool started_ = false;
  };

  // `schema`: the manifest's config_schema, whose defaults are filled in as the daemon does.
  Instance create(const myriad_plugin_api* api, std::string_view config_json, const nlohmann::json& schema = nullptr) {
    auto config = nlohmann::json::parse(config_json);
    if (schema.is_object()) apply_defaults(schema, config);
    const std::string text = config.dump();
    myriad_error error{sizeof(myriad_error), 0, ""};
    myriad_instance* instance = nullptr;
    const auto status = api->create(&host_, text.c_str(), &instance, &error);
    if (status != MYRIAD_OK) throw Failure(status, error.message, error.os_code);
    return Instance(api, instance);
  }

  std::uint32_t point(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return point_locked(std::string(name));
  }
  std::vector<Seen> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  // The newest reading of a point; throws when there is none.
  Seen last(std::string_view point) const {
    const std::lock_guard lock(mutex_);
    for (auto it = seen_.rbegin(); it != seen_.rend(); ++it)
      if (it->point == point) return *it;
    throw Failure(MYRIAD_E_UNAVAILABLE, "nothing was published for '" + std::string(point) + "'");
  }
  // Waits until `enough(*this's readings)` is true.
  bool wait(const std::function<bool(const std::vector<Seen>&)>& enough,
            std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return enough(seen_); });
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    seen_.clear();
  }
  std::map<std::string, nlohmann::json> things() const {
    const std::lock_guard lock(mutex_);
    return things_;
  }
  std::vector<Event> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  std::vector<std::string> patterns() const {
    const std::lock_guard lock(mutex_);
    return patterns_;
  }
  std::vector<std::string> logs() const {
    const std::lock_guard lock(mutex_);
    return logs_;
  }
  std::map<std::string, double> metrics() const {
    const std::lock_guard lock(mutex_);
    return metrics_;
  }
  bool is_connected() const {
    const std::lock_guard lock(mutex_);
    return connected_;
  }
  std::string disconnect_reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
  }
  // From now on publish() answers this.
  void answer_publish(myriad_status status) {
    const std::lock_guard lock(mutex_);
    publish_answer_ = status;
  }
  // 0: the system clock.
  void set_now(std::int64_t ns) {
    const std::lock_guard lock(mutex_);
    now_ns_ = ns;
  }

 private:
  static TestHost& self(const myriad_host* h) { return *static_cast<TestHost*>(h->ctx); }

  std::uint32_t point_locked(const std::string& name) {
    const auto [it, added] = ids_.emplace(name, static_cast<std::uint32_t>(names_.size() + 1));
    if (added) names_.emplace_back(std::make_unique<std::string>(name));
    return it->second;
  }

  static const void* get_extension(const myriad_host*, const char* id) {
    static const myriad_host_things things{sizeof things, 0, &put_thing};
    static const myriad_host_events events{sizeof events, 0, &emit};
    static const myriad_host_inputs inputs{sizeof inputs, 0, &select, &name, &unit};
    static const myriad_host_kv kv{sizeof kv, 0, &kv_put, &kv_get};
    static const myriad_host_metrics metrics{sizeof metrics, 0, &metric, &connection};
    const std::string_view wanted = id;
    if (wanted == MYRIAD_HOST_THINGS) return &things;
    if (wanted == MYRIAD_HOST_EVENTS) return &events;
    if (wanted == MYRIAD_HOST_INPUTS) return &inputs;
    if (wanted == MYRIAD_HOST_KV) return &kv;
    if (wanted == MYRIAD_HOST_METRICS) return &metrics;
    return nullptr;
  }
  static void log(const myriad_host* h, std::int32_t, const char* text, std::size_t size) {
    const std::lock_guard lock(self(h).mutex_);
    self(h).logs_.emplace_back(text, size);
  }
  static std::int64_t now(const myriad_host* h) {
    const std::lock_guard lock(self(h).mutex_);
    if (self(h).now_ns_) return self(h).now_ns_;
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  static bool is_slug(std::string_view s) {
    if (s.empty() || s.size() > 128 || s[0] == '.' || s[0] == '~' || s[0] == '-') return false;
    for (const char c : s)
      if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && !std::strchr("_.~-", c))
        return false;
    return true;
  }
  static myriad_status intern(const myriad_host* h, myriad_text thing, myriad_text property, std::uint32_t* id) {
    if (!is_slug(view(thing)) || !is_slug(view(property))) return MYRIAD_E_INVALID;
    const std::lock_guard lock(self(h).mutex_);
    *id = self(h).point_locked(std::string(view(thing)) + "/" + std::string(view(property)));
    return MYRIAD_OK;
  }
  static myriad_status publish(const myriad_host* h, const myriad_batch* batch) {
    auto& me = self(h);
    const std::lock_guard lock(me.mutex_);
    if (me.publish_answer_ != MYRIAD_OK) return me.publish_answer_;
    const BatchView readings(*batch);
    for (std::uint32_t i = 0; i < readings.size(); ++i) {
      const auto& r = readings[i];
      const bool blob = r.type >= MYRIAD_TEXT;
      me.seen_.push_back({r, *me.names_.at(r.point - 1), blob ? std::string(readings.text(r)) : std::string()});
    }
    me.changed_.notify_all();
    return MYRIAD_OK;
  }
  static myriad_status publish_durable(const myriad_host* h, const myriad_batch* batch,
                                       void (*done)(void*, myriad_status), void* user) {
    const auto status = publish(h, batch);
    if (status == MYRIAD_OK) std::thread([=] { done(user, MYRIAD_OK); }).detach();
    return status;
  }
  static myriad_status put_thing(const myriad_host* h, myriad_text thing, myriad_text td, myriad_error* error) {
    auto document = nlohmann::json::parse(view(td), nullptr, false);
    if (document.is_discarded() || !is_slug(view(thing))) {
      detail::fill(error, "the Thing's name is no slug, or its description is not JSON", 0);
      return MYRIAD_E_INVALID;
    }
    const std::lock_guard lock(self(h).mutex_);
    self(h).things_[std::string(view(thing))].merge_patch(document);
    return MYRIAD_OK;
  }
  static myriad_status emit(const myriad_host* h, myriad_text thing, myriad_text event, myriad_text data,
                            std::int64_t time) {
    const std::lock_guard lock(self(h).mutex_);
    self(h).events_.push_back({std::string(view(thing)), std::string(view(event)), std::string(view(data)), time});
    self(h).changed_.notify_all();
    return MYRIAD_OK;
  }
  static myriad_status select(const myriad_host* h, const myriad_text* patterns, std::uint32_t count, myriad_error*) {
    const std::lock_guard lock(self(h).mutex_);
    for (std::uint32_t i = 0; i < count; ++i) self(h).patterns_.emplace_back(view(patterns[i]));
    return MYRIAD_OK;
  }
  static myriad_status name(const myriad_host* h, std::uint32_t point, myriad_text* thing, myriad_text* property) {
    const std::lock_guard lock(self(h).mutex_);
    if (point == 0 || point > self(h).names_.size()) return MYRIAD_E_INVALID;
    const std::string_view full = *self(h).names_[point - 1];
    const auto slash = full.find('/');
    *thing = text(full.substr(0, slash));
    *property = text(full.substr(slash + 1));
    return MYRIAD_OK;
  }
  static myriad_status unit(const myriad_host* h, std::uint32_t point, char* buffer, std::size_t size) {
    myriad_text thing{}, property{};
    if (name(h, point, &thing, &property) != MYRIAD_OK) return MYRIAD_E_INVALID;
    const std::lock_guard lock(self(h).mutex_);
    const auto td = self(h).things_.find(std::string(view(thing)));
    const auto pointer = nlohmann::json::json_pointer("/properties/" + std::string(view(property)) + "/unit");
    const bool known = td != self(h).things_.end() && td->second.contains(pointer);
    std::snprintf(buffer, size, "%s", known ? td->second[pointer].get<std::string>().c_str() : "");
    return MYRIAD_OK;
  }
  static myriad_status kv_put(const myriad_host* h, myriad_text key, const void* value, std::size_t size) {
    const std::lock_guard lock(self(h).mutex_);
    if (size == 0)
      self(h).kv_.erase(std::string(view(key)));
    else
      self(h).kv_[std::string(view(key))].assign(static_cast<const char*>(value), size);
    return MYRIAD_OK;
  }
  static myriad_status kv_get(const myriad_host* h, myriad_text key, void (*found)(void*, const void*, std::size_t),
                              void* user) {
    const std::lock_guard lock(self(h).mutex_);
    const auto it = self(h).kv_.find(std::string(view(key)));
    if (it == self(h).kv_.end()) return MYRIAD_E_UNAVAILABLE;
    found(user, it->second.data(), it->second.size());
    return MYRIAD_OK;
  }
  static myriad_status metric(const myriad_host* h, myriad_text name, double value) {
    const std::lock_guard lock(self(h).mutex_);
    self(h).metrics_[std::string(view(name))] = value;
    return MYRIAD_OK;
  }
  static myriad_status connection(const myriad_host* h, std::int32_t up, myriad_text reason) {
    const std::lock_guard lock(self(h).mutex_);
    self(h).connected_ = up != 0;
    self(h).reason_ = view(reason);
    return MYRIAD_OK;
  }

  myriad_host host_{};
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::map<std::string, std::uint32_t> ids_;
  std::vector<std::unique_ptr<std::string>> names_;  // by id - 1; never moves, since name() lends them
  std::vector<Seen> seen_;
  std::map<std::string, nlohmann::json> things_;
  std::vector<Event> events_;
  std::vector<std::string> patterns_, logs_;
  std::map<std::string, std::string> kv_;
  std::map<std::string, double> metrics_;
  bool connected_ = false;
  std::string reason_;
  myriad_status publish_answer_ = MYRIAD_OK;
  std::int64_t now_ns_ = 0;
};

}  // namespace myriad
#endif
