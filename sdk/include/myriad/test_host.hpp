// A host for tests of a plugin without the daemon: records what the plugin publishes, describes and logs.
//
//   myriad::TestHost host;
//   auto plugin = host.create(myriad_plugin_entry_v1(MYRIAD_ABI), R"({"thing":"meter"})", schema);
//   plugin.start();
//   plugin.poll();
//   EXPECT_EQ(host.last("meter/voltage").reading.value.f64, 230.0);
//
// Thread-safe as the real one is, and as strict: what breaks a rule of plugin.h is refused. Throws myriad::Failure
// where the plugin returns a status.
#ifndef MYRIAD_TEST_HOST_HPP
#define MYRIAD_TEST_HOST_HPP

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
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
  ~TestHost() { drain(); }
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  struct Answer {    // what an action or a request came to
    int status = 0;  // of an action a myriad_status, of a request that of HTTP
    std::string output, content_type;
  };

  // A created instance; stopped and destroyed with this object.
  class Instance {
   public:
    Instance(Instance&& o) noexcept
        : host_(o.host_),
          api_(o.api_),
          instance_(std::exchange(o.instance_, nullptr)),
          started_(o.started_),
          replies_(std::move(o.replies_)) {}
    ~Instance() {
      if (!instance_) return;
      stop();
      host_.drain();  // as the real host does
      api_->destroy(instance_);
    }
    void start() {
      call([&](myriad_error* e) { return api_->start(instance_, e); });
      started_ = true;
    }
    void stop() {
      if (std::exchange(started_, false)) api_->stop(instance_);
      host_.forget_timers();
    }
    // Lets time pass: the host's clock goes on by so much (and stands, from now on), and timers tick on this thread.
    void elapse(std::chrono::nanoseconds by) {
      const auto end = host_.stand_still() + by.count();
      while (auto tick = host_.next_tick(end))
        if (started_) call([&](myriad_error* e) { return tick->fire(tick->user, tick->id, e); });
      host_.set_now(end);
    }
    void cancel() { api_->cancel(instance_); }
    void discover(std::int64_t deadline_ns = INT64_MAX) {
      call([&](myriad_error* e) { return device()->discover(instance_, deadline_ns, e); });
    }
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
    // Waits for the reply, which may come after invoke() has returned.
    Answer invoke(std::string_view thing, std::string_view action, std::string_view input_json = "",
                  std::chrono::milliseconds limit = std::chrono::seconds(10)) {
      auto& reply = *replies_.emplace_back(std::make_unique<Reply>());
      const auto take = [](void* user, myriad_status status, myriad_text output) {
        static_cast<Reply*>(user)->take({status, std::string(view(output)), "application/json"});
      };
      call([&](myriad_error* e) {
        return device()->invoke(instance_, text(thing), text(action), text(input_json), take, &reply, e);
      });
      if (auto answer = reply.wait(limit)) return *answer;
      throw Failure(MYRIAD_E_TIMEOUT, "no reply came to action '" + std::string(action) + "'");
    }
    Answer serve(const HttpRequest& r) {
      const myriad_http_request raw{
          sizeof raw, 0, text(r.method), text(r.path), text(r.query), text(r.content_type), text(r.body), text(r.user)};
      std::vector<Answer> answers;
      const auto respond = [](void* user, const myriad_http_response* response) {
        static_cast<std::vector<Answer>*>(user)->push_back(
            {response->status, std::string(view(response->body)), std::string(view(response->content_type))});
      };
      const auto* http = table<myriad_ext_http>(MYRIAD_EXT_HTTP);
      call([&](myriad_error* e) { return http->serve(instance_, &raw, respond, &answers, e); });
      if (answers.size() == 1) return answers[0];
      throw Failure(MYRIAD_E_INTERNAL, "serve() responded " + std::to_string(answers.size()) + " times, not once");
    }
    void deliver(const Batch& batch, std::uint64_t sequence = 1) {
      auto raw = batch.raw();
      raw.sequence = sequence;
      const auto* sink = table<myriad_ext_sink>(MYRIAD_EXT_SINK);
      call([&](myriad_error* e) { return sink->deliver(instance_, &raw, e); });
    }
    void process(const Batch& batch) {
      const auto raw = batch.raw();
      call([&](myriad_error* e) { return processor()->process(instance_, &raw, e); });
    }
    std::string save() {
      std::string state;
      const auto write = [](void* user, const void* data, std::size_t size) {
        static_cast<std::string*>(user)->append(static_cast<const char*>(data), size);
      };
      call([&](myriad_error*) { return processor()->save(instance_, write, &state); });
      return state;
    }
    void load(std::string_view state) {
      call([&](myriad_error* e) { return processor()->load(instance_, state.data(), state.size(), e); });
    }

   private:
    friend class TestHost;
    Instance(TestHost& host, const myriad_plugin_api* api, myriad_instance* instance)
        : host_(host), api_(api), instance_(instance) {}

    // Of an action: taken on any thread, awaited by the test.
    class Reply {
     public:
      void take(Answer answer) {
        const std::lock_guard lock(mutex_);
        answer_ = std::move(answer);
        changed_.notify_all();
      }
      std::optional<Answer> wait(std::chrono::milliseconds limit) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, limit, [&] { return answer_.has_value(); });
        return answer_;
      }

     private:
      std::mutex mutex_;
      std::condition_variable changed_;
      std::optional<Answer> answer_;
    };

    template <class Table>
    const Table* table(const char* id) {
      const auto* out = static_cast<const Table*>(api_->get_extension(instance_, id));
      if (!out || out->struct_size < sizeof(Table))
        throw Failure(MYRIAD_E_UNSUPPORTED, std::string("the plugin does not serve ") + id);
      return out;
    }
    const myriad_ext_device* device() { return table<myriad_ext_device>(MYRIAD_EXT_DEVICE); }
    const myriad_ext_processor* processor() { return table<myriad_ext_processor>(MYRIAD_EXT_PROCESSOR); }
    template <class F>
    void call(F&& f) {
      myriad_error error{sizeof(myriad_error), 0, ""};
      const myriad_status status = f(&error);
      if (status != MYRIAD_OK) throw Failure(status, error.message, error.os_code);
    }
    TestHost& host_;
    const myriad_plugin_api* api_;
    myriad_instance* instance_;
    bool started_ = false;
    std::vector<std::unique_ptr<Reply>> replies_;  // the plugin's until it is destroyed: it may answer late
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
    return Instance(*this, api, instance);
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
  // What the site knows before the plugin runs, and what the plugin left there. Empty: no such key.
  void keep(const std::string& key, std::string value) {
    const std::lock_guard lock(mutex_);
    kv_[key] = std::move(value);
  }
  std::string kept(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto it = kv_.find(key);
    return it == kv_.end() ? "" : it->second;
  }
  // What an administrator gave the plugin.
  void give_secret(const std::string& name, std::string value) {
    const std::lock_guard lock(mutex_);
    secrets_[name] = std::move(value);
  }
  // What the site has recorded before the plugin runs. What it publishes is recorded behind it.
  void remember(std::string_view point, std::int64_t time_ns, double value) {
    const std::lock_guard lock(mutex_);
    myriad_reading r{};
    r.time_ns = time_ns;
    r.point = point_locked(std::string(point));
    r.type = MYRIAD_F64;
    r.value.f64 = value;
    remembered_.push_back({r, std::string(point), ""});
  }
  std::size_t timer_count() const {
    const std::lock_guard lock(mutex_);
    return timers_.size();
  }
  // From now on publish() and publish_durable() answer this, for so many calls. AGAIN: the queue is full.
  void answer_publish(myriad_status status, std::size_t calls = std::numeric_limits<std::size_t>::max()) {
    const std::lock_guard lock(mutex_);
    publish_answer_ = status;
    publish_answers_ = calls;
  }
  // From now on publish_durable() tells `done` this. UNAVAILABLE: the disk refused.
  void answer_durable(myriad_status status) {
    const std::lock_guard lock(mutex_);
    durable_answer_ = status;
  }
  // Time stands there from now on; 0: the system clock.
  void set_now(std::int64_t ns) {
    const std::lock_guard lock(mutex_);
    now_ns_ = ns;
  }
  // After set_now().
  void advance(std::chrono::nanoseconds by) {
    const std::lock_guard lock(mutex_);
    now_ns_ += by.count();
  }
  // Waits for every `done` that publish_durable owes.
  void drain() {
    for (;;) {
      std::vector<std::jthread> answers;  // joined without the lock: `done` may call the host
      {
        const std::lock_guard lock(mutex_);
        answers.swap(answers_);
      }
      if (answers.empty()) return;
    }
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
    static const myriad_host_timer timer{sizeof timer, 0, &set_timer, &cancel_timer};
    static const myriad_host_secrets secrets{sizeof secrets, 0, &secret};
    static const myriad_host_history history{sizeof history, 0, &query};
    const std::string_view wanted = id;
    if (wanted == MYRIAD_HOST_THINGS) return &things;
    if (wanted == MYRIAD_HOST_EVENTS) return &events;
    if (wanted == MYRIAD_HOST_INPUTS) return &inputs;
    if (wanted == MYRIAD_HOST_KV) return &kv;
    if (wanted == MYRIAD_HOST_METRICS) return &metrics;
    if (wanted == MYRIAD_HOST_TIMER) return &timer;
    if (wanted == MYRIAD_HOST_SECRETS) return &secrets;
    if (wanted == MYRIAD_HOST_HISTORY) return &history;
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
  // The rules of plugin.h.
  bool is_right(const myriad_reading& r, std::uint32_t blob_size) const {
    if (r.time_ns < 0 || r.point == 0 || r.point > names_.size() || r.quality > MYRIAD_STALE) return false;
    if (r.type < MYRIAD_BOOL || r.type > MYRIAD_JSON) return false;
    if (r.type == MYRIAD_BOOL) return r.value.i64 == 0 || r.value.i64 == 1;
    if (r.type == MYRIAD_F64) return std::isfinite(r.value.f64);
    if (r.type < MYRIAD_TEXT) return true;
    return r.value.blob.offset <= blob_size && r.value.blob.size <= blob_size - r.value.blob.offset;
  }
  static myriad_status publish(const myriad_host* h, const myriad_batch* batch) {
    auto& me = self(h);
    const std::lock_guard lock(me.mutex_);
    if (me.publish_answer_ != MYRIAD_OK && me.publish_answers_ > 0) {
      --me.publish_answers_;
      return me.publish_answer_;
    }
    if (batch->struct_size < offsetof(myriad_batch, sequence) || batch->stride < sizeof(myriad_reading))
      return MYRIAD_E_INVALID;
    const BatchView readings(*batch);
    for (std::uint32_t i = 0; i < readings.size(); ++i)
      if (!me.is_right(readings[i], batch->blob_size)) return MYRIAD_E_INVALID;
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
    if (status != MYRIAD_OK) return status;
    auto& me = self(h);
    const std::lock_guard lock(me.mutex_);
    me.answers_.emplace_back([done, user, answer = me.durable_answer_] { done(user, answer); });
    return MYRIAD_OK;
  }
  static myriad_status put_thing(const myriad_host* h, myriad_text thing, myriad_text td, myriad_error* error) {
    auto document = nlohmann::json::parse(view(td), nullptr, false);
    if (!document.is_object() || !is_slug(view(thing))) {
      detail::fill(error, "the Thing's name is no slug, or its description is no JSON object", 0);
      return MYRIAD_E_INVALID;
    }
    const std::lock_guard lock(self(h).mutex_);
    self(h).things_[std::string(view(thing))].merge_patch(document);
    return MYRIAD_OK;
  }
  static myriad_status emit(const myriad_host* h, myriad_text thing, myriad_text event, myriad_text data,
                            std::int64_t time) {
    const bool json = data.size == 0 || nlohmann::json::accept(view(data));
    if (!is_slug(view(thing)) || !is_slug(view(event)) || !json || time < 0) return MYRIAD_E_INVALID;
    const std::lock_guard lock(self(h).mutex_);
    self(h).events_.push_back({std::string(view(thing)), std::string(view(event)), std::string(view(data)), time});
    self(h).changed_.notify_all();
    return MYRIAD_OK;
  }
  static myriad_status select(const myriad_host* h, const myriad_text* patterns, std::uint32_t count, myriad_error*) {
    const std::lock_guard lock(self(h).mutex_);
    self(h).patterns_.clear();
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
    const bool known = td != self(h).things_.end() && td->second.contains(pointer) && td->second[pointer].is_string();
    std::snprintf(buffer, size, "%s", known ? td->second[pointer].get<std::string>().c_str() : "");
    return MYRIAD_OK;
  }
  static myriad_status kv_put(const myriad_host* h, myriad_text key, const void* value, std::size_t size) {
    if (key.size == 0 || key.size > 256 || size > 1 << 20) return MYRIAD_E_INVALID;
    const std::lock_guard lock(self(h).mutex_);
    if (size == 0)
      self(h).kv_.erase(std::string(view(key)));
    else
      self(h).kv_[std::string(view(key))].assign(static_cast<const char*>(value), size);
    return MYRIAD_OK;
  }
  static myriad_status kv_get(const myriad_host* h, myriad_text key, void (*found)(void*, const void*, std::size_t),
                              void* user) {
    const std::string value = self(h).kept(std::string(view(key)));
    if (value.empty()) return MYRIAD_E_UNAVAILABLE;
    found(user, value.data(), value.size());  // without the lock: it may call the host
    return MYRIAD_OK;
  }
  static myriad_status metric(const myriad_host* h, myriad_text name, double value) {
    const auto odd = [](char c) { return !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_'; };
    if (name.size == 0 || std::any_of(name.data, name.data + name.size, odd)) return MYRIAD_E_INVALID;
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

  // ---- timer/1

  struct Timer {
    std::uint64_t id;
    std::int64_t due_ns, period_ns;
    myriad_status (*fire)(void*, std::uint64_t, myriad_error*);
    void* user;
  };
  static myriad_status set_timer(const myriad_host* h, std::int64_t first, std::int64_t period,
                                 myriad_status (*fire)(void*, std::uint64_t, myriad_error*), void* user,
                                 std::uint64_t* timer) {
    constexpr std::int64_t ms = 1'000'000, year = std::int64_t{366} * 24 * 3'600 * 1'000 * ms;
    if (!fire || !timer || first < 0 || first > year) return MYRIAD_E_INVALID;
    if (period != 0 && (period < 10 * ms || period > year)) return MYRIAD_E_INVALID;
    const auto due = now(h) + first;
    const std::lock_guard lock(self(h).mutex_);
    if (self(h).timers_.size() >= 64) return MYRIAD_E_DENIED;
    *timer = ++self(h).last_timer_;
    self(h).timers_.push_back({*timer, due, period, fire, user});
    return MYRIAD_OK;
  }
  static myriad_status cancel_timer(const myriad_host* h, std::uint64_t timer) {
    const std::lock_guard lock(self(h).mutex_);
    const auto is_it = [&](const Timer& t) { return t.id == timer; };
    return std::erase_if(self(h).timers_, is_it) > 0 ? MYRIAD_OK : MYRIAD_E_INVALID;
  }
  void forget_timers() {
    const std::lock_guard lock(mutex_);
    timers_.clear();
  }
  std::int64_t stand_still() {
    const auto at = now(&host_);
    set_now(at);
    return at;
  }
  // The first that is due until then; it is that time now.
  std::optional<Timer> next_tick(std::int64_t end_ns) {
    const std::lock_guard lock(mutex_);
    const auto earlier = [](const Timer& a, const Timer& b) { return a.due_ns < b.due_ns; };
    const auto it = std::min_element(timers_.begin(), timers_.end(), earlier);
    if (it == timers_.end() || it->due_ns > end_ns) return std::nullopt;
    const auto tick = *it;
    now_ns_ = std::max(now_ns_, tick.due_ns);
    it->due_ns += it->period_ns;
    if (it->period_ns == 0) timers_.erase(it);
    return tick;
  }

  // ---- secrets/1 and history/1

  static myriad_status secret(const myriad_host* h, myriad_text name, void (*found)(void*, const void*, std::size_t),
                              void* user, myriad_error* error) {
    std::string value;
    {
      const std::lock_guard lock(self(h).mutex_);
      const auto it = self(h).secrets_.find(std::string(view(name)));
      if (it != self(h).secrets_.end()) value = it->second;
    }
    if (value.empty()) {
      detail::fill(error, "there is no such secret for this instance", 0);
      return MYRIAD_E_UNAVAILABLE;
    }
    found(user, value.data(), value.size());
    return MYRIAD_OK;
  }

  // Of one point and range, by time; of one time the last that was written.
  std::map<std::int64_t, Seen> recorded(const myriad_history_query& q) const {
    std::map<std::int64_t, Seen> out;
    const std::lock_guard lock(mutex_);
    for (const auto* list : {&remembered_, &seen_})
      for (const auto& s : *list)
        if (s.reading.point == q.point && s.reading.time_ns >= q.from_ns && s.reading.time_ns < q.to_ns)
          out.insert_or_assign(s.reading.time_ns, s);
    return out;
  }
  static double number_of(const myriad_reading& r) {
    if (r.type == MYRIAD_F64) return r.value.f64;
    return r.type == MYRIAD_U64 ? static_cast<double>(r.value.u64) : static_cast<double>(r.value.i64);
  }
  static double aggregate(std::uint32_t how, const std::vector<double>& numbers) {
    double sum = 0;
    for (const auto n : numbers) sum += n;
    switch (how) {
      case MYRIAD_AGGREGATE_MEAN:
        return sum / static_cast<double>(numbers.size());
      case MYRIAD_AGGREGATE_MIN:
        return *std::min_element(numbers.begin(), numbers.end());
      case MYRIAD_AGGREGATE_MAX:
        return *std::max_element(numbers.begin(), numbers.end());
      case MYRIAD_AGGREGATE_SUM:
        return sum;
      case MYRIAD_AGGREGATE_COUNT:
        return static_cast<double>(numbers.size());
      case MYRIAD_AGGREGATE_FIRST:
        return numbers.front();
      default:
        return numbers.back();
    }
  }
  // As the real one does, but that first and last of texts are left out.
  static void add(Batch& batch, const myriad_history_query& q, std::int64_t time, const std::vector<double>& numbers) {
    const double value = aggregate(q.aggregate, numbers);
    const bool is_whole = value == std::floor(value) && std::abs(value) <= 9'007'199'254'740'992.0;
    if (is_whole)
      batch.add(q.point, time, static_cast<std::int64_t>(value));
    else
      batch.add(q.point, time, value);
  }
  static myriad_status query(const myriad_host* h, const myriad_history_query* q,
                             void (*found)(void*, const myriad_batch*), void* user, myriad_error* error) {
    const bool steps = q->step_ns != 0;
    const bool is_aggregate = q->aggregate >= MYRIAD_AGGREGATE_MEAN && q->aggregate <= MYRIAD_AGGREGATE_LAST;
    if (q->limit < 1 || q->limit > 100'000 || (steps && (q->step_ns < 0 || q->step_ns % 1'000'000 || !is_aggregate))) {
      detail::fill(error, "limit is 1 to 100000, step_ns whole milliseconds, aggregate one of MYRIAD_AGGREGATE_...", 0);
      return MYRIAD_E_INVALID;
    }
    Batch batch;
    std::map<std::int64_t, std::vector<double>> rows;
    for (const auto& [time, s] : self(h).recorded(*q)) {
      const auto& r = s.reading;
      if (steps) {
        if (r.type < MYRIAD_TEXT && r.quality <= MYRIAD_UNCERTAIN)
          rows[time / q->step_ns * q->step_ns].push_back(number_of(r));
      } else if (batch.size() < q->limit) {
        if (r.type >= MYRIAD_TEXT)
          batch.add(r.point, time, s.text, r.quality, r.type);
        else
          batch.add(r);
      }
    }
    for (const auto& [time, numbers] : rows)
      if (batch.size() < q->limit) add(batch, *q, time, numbers);
    const auto raw = batch.raw();
    found(user, &raw);
    return MYRIAD_OK;
  }

  myriad_host host_{};
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::map<std::string, std::uint32_t> ids_;
  std::vector<std::unique_ptr<std::string>> names_;  // by id - 1; never moves, since name() lends them
  std::vector<Seen> seen_, remembered_;
  std::map<std::string, nlohmann::json> things_;
  std::vector<Event> events_;
  std::vector<std::string> patterns_, logs_;
  std::map<std::string, std::string> kv_, secrets_;
  std::vector<Timer> timers_;
  std::uint64_t last_timer_ = 0;
  std::map<std::string, double> metrics_;
  bool connected_ = false;
  std::string reason_;
  myriad_status publish_answer_ = MYRIAD_OK, durable_answer_ = MYRIAD_OK;
  std::size_t publish_answers_ = 0;  // for how many calls more publish_answer_ holds
  std::int64_t now_ns_ = 0;
  std::vector<std::jthread> answers_;
};

}  // namespace myriad
#endif
