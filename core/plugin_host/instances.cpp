#include "plugin_host/instances.h"

#include <algorithm>
#include <map>
#include <shared_mutex>

#include "base/observers.h"
#include "plugin_host/supervisor.h"
#include "plugin_host/trial.h"

namespace myriad::plugin_host {
namespace {

using std::chrono::milliseconds;
using SteadyClock = Scheduler::Clock;

struct Entry {
  explicit Entry(std::shared_ptr<Supervisor> s) : supervisor(std::move(s)) {}

  const std::shared_ptr<Supervisor> supervisor;
  std::mutex control;    // one start, stop, replace or remove at a time
  bool removed = false;  // guarded by control
};
using EntryPtr = std::shared_ptr<Entry>;

Error unknown(std::string_view id) {
  return {Code::not_found, "instance '" + std::string(id) + "' is not known"};
}

class Hosted final : public Instances {
 public:
  explicit Hosted(Parts parts) : parts_(std::move(parts)) {}
  ~Hosted() override { stop_all(parts_.timings.stop); }

  void start_enabled() override;
  std::size_t stop_all(milliseconds limit) override;

  std::vector<InstanceStatus> list() const override;
  Result<InstanceStatus> get(std::string_view id) const override;
  Result<InstanceStatus> create(registry::InstanceRecord) override;
  Result<InstanceStatus> replace(registry::InstanceRecord, registry::IfVersion) override;
  Status move(std::string_view id, const std::string& plugin_version, const std::string& config) override;
  void reread(std::string_view id) override;
  Status remove(std::string_view id, registry::IfVersion) override;
  Result<InstanceStatus> start(std::string_view id) override;
  Result<InstanceStatus> stop(std::string_view id) override;
  Result<InstanceStatus> restart(std::string_view id) override;

  Result<spine::Sequence> replay(std::string_view id, spine::Sequence from) override;
  Result<std::vector<spine::DeadLetter>> dead_letters(std::string_view id, spine::Sequence after,
                                                      std::size_t limit) override;
  Status retry_dead_letters(std::string_view id) override;
  Status drop_dead_letters(std::string_view id) override;

  Status write(std::string_view point, const model::Value&, milliseconds limit) override;
  Status read(std::string_view point, milliseconds limit) override;

  Result<HttpResponse> serve(std::string_view id, HttpRequest, milliseconds limit) override;
  std::vector<LogLine> logs(std::string_view id, std::size_t limit) const override;
  std::shared_ptr<void> on_change(std::function<void(std::string_view id)> call) override {
    return observers_->add(std::move(call));
  }

 private:
  EntryPtr find(std::string_view id) const;
  EntryPtr add(const registry::InstanceRecord&);
  std::vector<EntryPtr> all() const;

  Status check(const registry::InstanceRecord& record) { return check_record({parts_, scheduler_, hub_}, record); }
  // With the entry's control held.
  Status enable(Entry&, std::string_view id, bool enabled);
  void run(Entry&);
  void halt(Entry&);
  Status settle(Entry&, State before);

  struct Target {
    EntryPtr entry;
    std::uint32_t point;
  };
  Result<Target> owner_of(std::string_view point, bool to_write) const;

  const Parts parts_;
  const std::shared_ptr<Observers<std::string_view>> observers_ = std::make_shared<Observers<std::string_view>>();
  Hub hub_;                          // outlives every runner
  mutable std::shared_mutex mutex_;  // guards the map
  std::map<std::string, EntryPtr, std::less<>> entries_;
  Scheduler scheduler_;  // the first to go
};

// ---- Lookup

EntryPtr Hosted::find(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  const auto it = entries_.find(id);
  return it == entries_.end() ? nullptr : it->second;
}

EntryPtr Hosted::add(const registry::InstanceRecord& record) {
  auto entry = std::make_shared<Entry>(std::make_shared<Supervisor>(
      Supervisor::Context{parts_, scheduler_, hub_, [all = observers_](const std::string& id) { all->notify(id); }},
      record));
  const std::unique_lock lock(mutex_);
  return entries_.insert_or_assign(record.id, std::move(entry)).first->second;
}

std::vector<EntryPtr> Hosted::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<EntryPtr> out;
  for (const auto& [id, entry] : entries_) out.push_back(entry);
  return out;
}

std::vector<InstanceStatus> Hosted::list() const {
  std::vector<InstanceStatus> out;
  for (const auto& entry : all()) out.push_back(entry->supervisor->status());
  return out;
}

Result<InstanceStatus> Hosted::get(std::string_view id) const {
  const auto entry = find(id);
  if (!entry) return unknown(id);
  return entry->supervisor->status();
}

std::vector<LogLine> Hosted::logs(std::string_view id, std::size_t limit) const {
  const auto entry = find(id);
  return entry ? entry->supervisor->lines(limit) : std::vector<LogLine>();
}

// ---- All at once

void Hosted::start_enabled() {
  std::vector<std::shared_future<void>> starts;
  for (const auto& record : parts_.registry.instances()) {
    const auto entry = add(record);
    if (record.enabled) starts.push_back(entry->supervisor->begin_start());
  }
  // One that hangs in create() holds up its own start only.
  const auto deadline = SteadyClock::now() + std::chrono::seconds(1);
  for (const auto& started : starts) started.wait_until(deadline);
}

std::size_t Hosted::stop_all(milliseconds limit) {
  const auto deadline = SteadyClock::now() + limit;
  const auto entries = all();
  std::vector<std::pair<EntryPtr, std::unique_lock<std::mutex>>> stopping;
  for (const auto& entry : entries) {
    stopping.emplace_back(entry, entry->control);
    entry->supervisor->begin_stop();
  }
  std::size_t left_behind = 0;
  for (auto& [entry, control] : stopping)
    if (!entry->supervisor->finish_stop(deadline)) ++left_behind;
  return left_behind;
}

void Hosted::run(Entry& entry) {
  entry.supervisor->begin_start().wait_for(parts_.timings.control);
}

void Hosted::halt(Entry& entry) {
  entry.supervisor->begin_stop();
  entry.supervisor->finish_stop(SteadyClock::now() + parts_.timings.stop);
}

// ---- One at a time

Result<InstanceStatus> Hosted::create(registry::InstanceRecord record) {
  if (find(record.id))
    return Error{Code::exists, "instance '" + record.id + "' is there already: choose another id", "/id"};
  if (auto ok = check(record); !ok) return ok.error();
  auto stored = parts_.registry.create_instance(record);
  if (!stored) return stored.error();
  const auto entry = add(*stored);
  const std::lock_guard control(entry->control);
  if (stored->enabled && !entry->removed) run(*entry);
  return entry->supervisor->status();
}

Result<InstanceStatus> Hosted::replace(registry::InstanceRecord record, registry::IfVersion version) {
  const auto entry = find(record.id);
  if (!entry) return unknown(record.id);
  if (auto ok = check(record); !ok) return ok.error();
  const std::lock_guard control(entry->control);
  if (entry->removed) return unknown(record.id);
  auto stored = parts_.registry.replace_instance(record, version);
  if (!stored) return stored.error();
  halt(*entry);
  entry->supervisor->set_record(*stored);
  if (stored->enabled) run(*entry);
  return entry->supervisor->status();
}

Status Hosted::move(std::string_view id, const std::string& plugin_version, const std::string& config) {
  const auto entry = find(id);
  if (!entry) return unknown(id);
  const auto old = parts_.registry.instance(id);
  if (!old) return old.error();
  auto wanted = *old;
  wanted.plugin_version = plugin_version;
  wanted.config = config;
  if (auto ok = check(wanted); !ok) return ok;
  const std::lock_guard control(entry->control);
  if (entry->removed) return unknown(id);
  const auto before = entry->supervisor->status().state;
  const auto becomes = [&](const registry::InstanceRecord& record) -> Status {
    auto stored = parts_.registry.replace_instance(record, std::nullopt);
    if (!stored) return stored.error();
    halt(*entry);
    entry->supervisor->set_record(*stored);
    if (stored->enabled) run(*entry);
    return {};
  };
  auto moved = becomes(wanted);
  if (moved && wanted.enabled) moved = settle(*entry, before);
  if (moved) return {};
  if (auto back = becomes(*old); !back)
    return Error{back.error().code, moved.error().message + "; and it could not go back: " + back.error().message};
  return moved;
}

// Whether it is at least as well as before.
Status Hosted::settle(Entry& entry, State before) {
  const auto end = SteadyClock::now() + parts_.timings.settle;
  for (;;) {
    const auto now = entry.supervisor->status();
    const bool fails = now.state == State::faulted || now.state == State::quarantined;
    const bool worse = now.state == State::degraded && before == State::running;
    const bool late = SteadyClock::now() >= end;
    if (fails || (late && (worse || now.state == State::starting)))
      return Error{Code::unavailable, "it went back to the version that it had, for it became " +
                                          std::string(state_name(now.state)) +
                                          (now.last_error ? ": " + now.last_error->message : "")};
    if (late) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void Hosted::reread(std::string_view id) {
  const auto entry = find(id);
  const auto record = parts_.registry.instance(id);
  if (entry && record) entry->supervisor->set_record(*record);
}

Status Hosted::remove(std::string_view id, registry::IfVersion version) {
  const auto entry = find(id);
  if (!entry) return unknown(id);
  const std::lock_guard control(entry->control);
  if (entry->removed) return unknown(id);
  const auto stored = parts_.registry.instance(id);
  if (!stored) return stored.error();
  if (version && stored->version != *version)
    return Error{Code::conflict, "instance '" + std::string(id) + "' has version " + std::to_string(stored->version) +
                                     ", not " + std::to_string(*version) + ": read it again"};
  halt(*entry);  // before its state goes, since it may still write some
  if (auto ok = parts_.registry.remove_instance(id, version); !ok) return ok;
  entry->removed = true;
  {
    const std::unique_lock lock(mutex_);
    if (const auto it = entries_.find(id); it != entries_.end() && it->second == entry) entries_.erase(it);
  }
  std::error_code error;
  if (!parts_.children.homes.empty()) std::filesystem::remove_all(parts_.children.homes / id, error);
  auto dropped = parts_.spine.drop_cursor("instance/" + std::string(id));
  observers_->notify(id);
  return dropped;
}

// Stores whether the instance is to run; does nothing when it is so already.
Status Hosted::enable(Entry& entry, std::string_view id, bool enabled) {
  if (entry.removed) return unknown(id);
  auto record = parts_.registry.instance(id);
  if (!record) return record.error();
  if (record->enabled == enabled) return {};
  record->enabled = enabled;
  auto stored = parts_.registry.replace_instance(*record, std::nullopt);
  if (!stored) return stored.error();
  entry.supervisor->set_record(*stored);
  return {};
}

Result<InstanceStatus> Hosted::start(std::string_view id) {
  const auto entry = find(id);
  if (!entry) return unknown(id);
  const std::lock_guard control(entry->control);
  if (auto ok = enable(*entry, id, true); !ok) return ok.error();
  const auto state = entry->supervisor->status().state;
  const bool failed = state == State::faulted || state == State::quarantined;
  if (failed) halt(*entry);
  if (failed || state == State::stopped) run(*entry);
  return entry->supervisor->status();
}

Result<InstanceStatus> Hosted::stop(std::string_view id) {
  const auto entry = find(id);
  if (!entry) return unknown(id);
  const std::lock_guard control(entry->control);
  if (auto ok = enable(*entry, id, false); !ok) return ok.error();
  halt(*entry);
  return entry->supervisor->status();
}

Result<InstanceStatus> Hosted::restart(std::string_view id) {
  const auto entry = find(id);
  if (!entry) return unknown(id);
  const std::lock_guard control(entry->control);
  if (auto ok = enable(*entry, id, true); !ok) return ok.error();
  halt(*entry);
  run(*entry);
  return entry->supervisor->status();
}

// ---- What is sent out

Result<spine::Sequence> Hosted::replay(std::string_view id, spine::Sequence from) {
  const auto entry = find(id);
  if (!entry) return unknown(id);
  const std::lock_guard control(entry->control);
  if (entry->removed) return unknown(id);
  const auto status = entry->supervisor->status();
  const auto* plugin = parts_.plugins.find(status.record.plugin, status.record.plugin_version);
  const auto& provides = plugin ? plugin->manifest.provides : std::vector<std::string>();
  if (!status.delivery || std::find(provides.begin(), provides.end(), MYRIAD_EXT_SINK) == provides.end())
    return Error{Code::conflict,
                 "instance '" + std::string(id) + "' sends nothing out: only sinks are told to begin again elsewhere"};
  if (from > parts_.spine.end())
    return Error{Code::invalid,
                 "sequence " + std::to_string(from) + ": the log ends at " + std::to_string(parts_.spine.end()) +
                     ", use that or less",
                 "/sequence"};
  from = std::max(from, parts_.spine.begin());
  if (auto moved = entry->supervisor->replay(from); !moved) return moved.error();
  return from;
}

Result<std::vector<spine::DeadLetter>> Hosted::dead_letters(std::string_view id, spine::Sequence after,
                                                            std::size_t limit) {
  if (!find(id)) return unknown(id);
  return parts_.spine.dead_letters("instance/" + std::string(id), after, limit);
}

Status Hosted::retry_dead_letters(std::string_view id) {
  const auto entry = find(id);
  return entry ? entry->supervisor->retry_dead_letters() : Status(unknown(id));
}

// Answers when it is on disk.
Status Hosted::drop_dead_letters(std::string_view id) {
  if (!find(id)) return unknown(id);
  if (auto ok = parts_.spine.drop_dead_letters("instance/" + std::string(id), 0, INT64_MAX); !ok) return ok;
  const auto committed = parts_.spine.append_and_wait({});
  return committed ? Status() : Status(committed.error());
}

// ---- To the equipment

Result<Hosted::Target> Hosted::owner_of(std::string_view point, bool to_write) const {
  const auto name = "'" + std::string(point) + "'";
  const auto property = parts_.registry.property(point);
  if (!property) return Error{Code::not_found, "property " + name + " is not known"};
  if (property->owner.empty())
    return Error{Code::unsupported,
                 "no instance serves " + name + ": only what an instance describes reaches equipment"};
  if (to_write && property->read_only) return Error{Code::denied, name + " is read-only"};
  const auto entry = find(property->owner);
  if (!entry)
    return Error{Code::conflict, "instance '" + property->owner + "', which served " + name + ", is no longer there"};
  const auto id = parts_.points.intern(point);
  if (!id) return id.error();
  return Target{entry, static_cast<std::uint32_t>(*id)};
}

Status Hosted::write(std::string_view point, const model::Value& value, milliseconds limit) {
  const auto target = owner_of(point, true);
  if (!target) return target.error();
  return target->entry->supervisor->write(target->point, point, value, limit);
}

Status Hosted::read(std::string_view point, milliseconds limit) {
  const auto target = owner_of(point, false);
  if (!target) return target.error();
  return target->entry->supervisor->read(target->point, point, limit);
}

Result<HttpResponse> Hosted::serve(std::string_view id, HttpRequest request, milliseconds limit) {
  const auto entry = find(id);
  if (!entry) return unknown(id);
  return entry->supervisor->serve(std::move(request), limit);
}

}  // namespace

std::string_view state_name(State state) {
  switch (state) {
    case State::stopped:
      return "stopped";
    case State::starting:
      return "starting";
    case State::running:
      return "running";
    case State::degraded:
      return "degraded";
    case State::faulted:
      return "faulted";
    case State::quarantined:
      return "quarantined";
    case State::stopping:
      break;
  }
  return "stopping";
}

std::unique_ptr<Instances> Instances::make(Parts parts) {
  return std::make_unique<Hosted>(std::move(parts));
}

}  // namespace myriad::plugin_host
