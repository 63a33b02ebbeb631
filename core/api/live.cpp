#include "api/live.h"

#include <nlohmann/json.hpp>

#include "api/instance_text.h"
#include "api/sse.h"
#include "base/time_text.h"

namespace myriad::api {
namespace {

constexpr std::chrono::seconds heartbeat{15};
constexpr std::size_t most_notices = 10'000;

}  // namespace

Live::Live(const Parts& parts) : instances_(parts.instances), log_(parts.log), registry_(parts.registry) {
  events_ = parts.registry.on_event([this](const registry::Event& event) { add(event); });
  states_ = parts.instances.on_change([this](std::string_view id) { add(std::string(id)); });
  thread_ = std::thread([this] { run(); });
}

Live::~Live() {
  close();
  events_.reset();
  states_.reset();
  thread_.join();
}

void Live::join(std::weak_ptr<Listener> listener) {
  const std::lock_guard lock(mutex_);
  std::erase_if(listeners_, [](const auto& l) { return l.expired(); });
  if (const auto here = closing_ ? listener.lock() : nullptr) return here->end();
  listeners_.push_back(std::move(listener));
}

void Live::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  for (const auto& listener : present()) listener->end();
}

std::size_t Live::listeners() const {
  return present().size();
}

void Live::add(Notice notice) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_ || listeners_.empty() || notices_.size() >= most_notices) return;
    notices_.push_back(std::move(notice));
  }
  changed_.notify_one();
}

std::vector<std::shared_ptr<Live::Listener>> Live::present() const {
  const std::lock_guard lock(mutex_);
  std::erase_if(listeners_, [](const auto& l) { return l.expired(); });
  std::vector<std::shared_ptr<Listener>> here;
  for (const auto& weak : listeners_)
    if (auto listener = weak.lock()) here.push_back(std::move(listener));
  return here;
}

void Live::run() {
  auto next_beat = std::chrono::steady_clock::now() + heartbeat;
  std::unique_lock lock(mutex_);
  while (!closing_) {
    changed_.wait_until(lock, next_beat, [&] { return closing_ || !notices_.empty(); });
    const auto notices = std::exchange(notices_, {});
    lock.unlock();
    for (const auto& notice : notices) tell(notice);
    if (std::chrono::steady_clock::now() >= next_beat) {
      for (const auto& listener : present()) listener->beat();
      next_beat += heartbeat;
    }
    lock.lock();
  }
}

void Live::tell(const Notice& notice) {
  std::string text;
  Kind kind = Kind::instance;
  std::string_view thing;
  if (const auto* event = std::get_if<registry::Event>(&notice)) {
    kind = Kind::thing_event;
    thing = event->thing;
    text = sse_event("thing_event", event_json(*event).dump());
  } else {
    const auto status = instances_.get(std::get<std::string>(notice));
    if (!status) return;  // removed since
    text = sse_event("instance", state_json(*status, registry_).dump());
  }
  for (const auto& listener : present())
    if (listener->wants(kind, thing)) listener->post(text);
}

}  // namespace myriad::api
