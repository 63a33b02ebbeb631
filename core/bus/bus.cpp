#include "bus/bus.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_map>

#include "base/names.h"

namespace myriad::bus {
namespace {

// Text lies apart, so that numbers, which are nearly all, stay small.
struct Latest {
  Nanos time = -1;  // none yet
  std::uint64_t bits = 0;
  std::uint16_t type = 0, quality = 0;
};

class TableBus;

class TableSubscription final : public Subscription {
 public:
  TableSubscription(std::shared_ptr<TableBus> bus, std::vector<std::string> patterns, std::size_t limit,
                    std::function<void()> wake)
      : bus_(std::move(bus)), patterns_(std::move(patterns)), limit_(limit), wake_(std::move(wake)) {}
  ~TableSubscription() override;

  Taken take() override;

 private:
  friend class TableBus;
  bool wants(const model::Points&, std::uint32_t point);
  void put(std::uint32_t point, model::Sample);

  const std::shared_ptr<TableBus> bus_;
  const std::vector<std::string> patterns_;
  const std::size_t limit_;
  const std::function<void()> wake_;

  // Guarded by the bus.
  std::vector<std::uint8_t> wanted_;  // by point id, as far as points were seen
  Taken pending_;
  std::unordered_map<std::uint32_t, std::size_t> place_;  // of a point's newest change, once beyond the limit
  bool awake_ = false;                                    // woken since the last take
};

class TableBus final : public std::enable_shared_from_this<TableBus> {
 public:
  explicit TableBus(const model::Points& points) : points_(points) {}

  void feed(model::BatchView, std::uint64_t last);
  std::optional<model::Sample> latest(model::PointId) const;
  std::unique_ptr<Subscription> subscribe(std::vector<std::string> patterns, std::size_t limit,
                                          std::function<void()> wake);
  void remove(TableSubscription*);
  Subscription::Taken take(TableSubscription&);

 private:
  bool keep(model::BatchView, const model::Reading&);
  model::Sample sample(std::uint32_t point) const;

  const model::Points& points_;
  std::mutex feeding_;        // held by feed() while it wakes, so that a subscription's end waits for that
  mutable std::mutex mutex_;  // guards all below
  std::vector<Latest> latest_;
  std::unordered_map<std::uint32_t, std::string> texts_;
  std::vector<TableSubscription*> subscriptions_;
  std::uint64_t sequence_ = 0;
};

TableSubscription::~TableSubscription() {
  bus_->remove(this);
}

Subscription::Taken TableSubscription::take() {
  return bus_->take(*this);
}

bool TableSubscription::wants(const model::Points& points, std::uint32_t point) {
  for (auto id = static_cast<std::uint32_t>(wanted_.size()); id <= point; ++id)
    wanted_.push_back(matches_any(patterns_, points.name(model::PointId{id})) ? 1 : 0);
  return wanted_[point] != 0;
}

void TableSubscription::put(std::uint32_t point, model::Sample sample) {
  auto& changes = pending_.changes;
  if (changes.size() >= limit_) {
    const auto [it, fresh] = place_.try_emplace(point, changes.size());
    if (!fresh) {
      changes[it->second].sample = std::move(sample);
      ++pending_.skipped;
      return;
    }
  }
  changes.push_back({model::PointId{point}, std::move(sample)});
}

// Only the newest of a point is kept; equal times count as newer, as everywhere.
bool TableBus::keep(model::BatchView batch, const model::Reading& r) {
  if (r.point >= latest_.size()) latest_.resize(std::max<std::size_t>(r.point + 1, points_.size() + 1));
  Latest& latest = latest_[r.point];
  if (r.time_ns < latest.time) return false;
  if (model::has_blob(r))
    texts_[r.point] = batch.text(r);
  else if (latest.type >= MYRIAD_TEXT)
    texts_.erase(r.point);
  latest = {r.time_ns, r.value.u64, r.type, r.quality};
  return true;
}

void TableBus::feed(model::BatchView batch, std::uint64_t last) {
  const std::scoped_lock feeding(feeding_);
  std::vector<TableSubscription*> sleeping;
  {
    const std::scoped_lock lock(mutex_);
    sequence_ = last;
    for (const auto& r : batch.readings) {
      if (!keep(batch, r)) continue;
      for (auto* subscription : subscriptions_)
        if (subscription->wants(points_, r.point)) subscription->put(r.point, model::to_sample(batch, r));
    }
    for (auto* subscription : subscriptions_)
      if (!subscription->awake_ && !subscription->pending_.changes.empty()) {
        subscription->awake_ = true;
        sleeping.push_back(subscription);
      }
  }
  for (auto* subscription : sleeping)
    if (subscription->wake_) subscription->wake_();
}

std::optional<model::Sample> TableBus::latest(model::PointId id) const {
  const auto point = static_cast<std::uint32_t>(id);
  const std::scoped_lock lock(mutex_);
  if (point >= latest_.size() || latest_[point].time < 0) return std::nullopt;
  return sample(point);
}

model::Sample TableBus::sample(std::uint32_t point) const {
  const Latest& latest = latest_[point];
  model::Reading r{};
  r.time_ns = latest.time;
  r.type = latest.type;
  r.quality = latest.quality;
  r.value.u64 = latest.bits;
  if (!model::has_blob(r)) return model::to_sample({}, r);
  const std::string& text = texts_.at(point);
  r.value.blob = {0, static_cast<std::uint32_t>(text.size())};
  return model::to_sample({{}, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}}, r);
}

std::unique_ptr<Subscription> TableBus::subscribe(std::vector<std::string> patterns, std::size_t limit,
                                                  std::function<void()> wake) {
  auto subscription =
      std::make_unique<TableSubscription>(shared_from_this(), std::move(patterns), limit, std::move(wake));
  const std::scoped_lock lock(mutex_);
  for (std::uint32_t point = 1; point < latest_.size(); ++point)
    if (latest_[point].time >= 0 && subscription->wants(points_, point)) subscription->put(point, sample(point));
  subscription->pending_.sequence = sequence_;
  subscriptions_.push_back(subscription.get());
  return subscription;
}

void TableBus::remove(TableSubscription* subscription) {
  const std::scoped_lock both(feeding_, mutex_);
  std::erase(subscriptions_, subscription);
}

Subscription::Taken TableBus::take(TableSubscription& subscription) {
  const std::scoped_lock lock(mutex_);
  Subscription::Taken taken = std::exchange(subscription.pending_, {});
  taken.sequence = sequence_;
  subscription.place_.clear();
  subscription.awake_ = false;
  return taken;
}

// Subscriptions may outlive the bus: both share its table.
class SharedBus final : public Bus {
 public:
  explicit SharedBus(const model::Points& points) : table_(std::make_shared<TableBus>(points)) {}

  void feed(model::BatchView batch, std::uint64_t last) override { table_->feed(batch, last); }
  std::optional<model::Sample> latest(model::PointId id) const override { return table_->latest(id); }
  std::unique_ptr<Subscription> subscribe(std::vector<std::string> patterns, std::size_t limit,
                                          std::function<void()> wake) override {
    return table_->subscribe(std::move(patterns), limit, std::move(wake));
  }

 private:
  const std::shared_ptr<TableBus> table_;
};

}  // namespace

std::unique_ptr<Bus> Bus::make(const model::Points& points) {
  return std::make_unique<SharedBus>(points);
}

}  // namespace myriad::bus
