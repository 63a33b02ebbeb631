// A list of callbacks whose owners come and go. Thread-safe; a callback may still run while its handle is being dropped
// on another thread, but not after the drop returned.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace myriad {

template <class... Args>
class Observers {
 public:
  using Callback = std::function<void(Args...)>;

  // The callback lives as long as the handle. Dropping the handle inside the callback is not allowed.
  std::shared_ptr<void> add(Callback callback) {
    auto entry = std::make_shared<Entry>();
    entry->callback = std::move(callback);
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [](const auto& weak) { return weak.expired(); });
    entries_.push_back(entry);
    return {entry.get(), [entry](void*) mutable {
              const std::lock_guard running(entry->mutex);
              entry->callback = nullptr;
            }};
  }

  void notify(Args... args) const {
    std::vector<std::shared_ptr<Entry>> now;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& weak : entries_)
        if (auto entry = weak.lock()) now.push_back(std::move(entry));
    }
    for (const auto& entry : now) {
      const std::lock_guard running(entry->mutex);
      if (entry->callback) entry->callback(args...);
    }
  }

 private:
  struct Entry {
    std::mutex mutex;  // guards callback, and is held while it runs
    Callback callback;
  };
  mutable std::mutex mutex_;  // guards entries_
  std::vector<std::weak_ptr<Entry>> entries_;
};

}  // namespace myriad
