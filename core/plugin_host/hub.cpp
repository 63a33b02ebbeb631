#include "plugin_host/hub.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace myriad::plugin_host {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds tick_period{100};
constexpr int retry_ms = 2;

}  // namespace

Hub::Hub() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{EPOLLIN, {.fd = wake_}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
}

Hub::~Hub() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  if (thread_.joinable()) thread_.join();
  ::close(wake_);
  ::close(epoll_);
}

void Hub::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(wake_, &one, sizeof one);
}

// The thread comes with the first client: most sites have none.
void Hub::add(std::shared_ptr<Client> client) {
  {
    const std::lock_guard lock(mutex_);
    const auto* key = client.get();
    clients_.emplace(key, std::move(client));
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  wake();
}

void Hub::remove(const Client* client) {
  std::unique_lock lock(mutex_);
  std::erase_if(watched_, [&](const auto& entry) {
    if (entry.second != client) return false;
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, entry.first, nullptr);
    return true;
  });
  clients_.erase(client);
  if (std::this_thread::get_id() == thread_.get_id()) return;
  called_.wait(lock, [&] { return calling_ != client; });
}

void Hub::watch(Client* client, int fd, std::uint32_t events) {
  const std::lock_guard lock(mutex_);
  if (!clients_.contains(client)) return;
  const bool known = watched_.contains(fd);
  if (events == 0) {
    if (!known) return;
    watched_.erase(fd);
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
    return;
  }
  watched_[fd] = client;
  epoll_event event{events, {.fd = fd}};
  ::epoll_ctl(epoll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
}

std::shared_ptr<Hub::Client> Hub::client_of(int fd) {
  const std::lock_guard lock(mutex_);
  const auto it = watched_.find(fd);
  if (it == watched_.end()) return nullptr;
  return clients_.at(it->second);
}

std::vector<std::shared_ptr<Hub::Client>> Hub::clients() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Client>> out;
  for (const auto& [key, client] : clients_) out.push_back(client);
  return out;
}

template <class F>
void Hub::call(const std::shared_ptr<Client>& client, F&& f) {
  {
    const std::lock_guard lock(mutex_);
    if (!clients_.contains(client.get())) return;
    calling_ = client.get();
  }
  f(*client);
  const std::lock_guard lock(mutex_);
  calling_ = nullptr;
  called_.notify_all();
}

void Hub::run() {
  std::array<epoll_event, 32> events;
  bool retries = false;
  auto next_tick = Clock::now() + tick_period;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_tick - Clock::now()).count();
    const int timeout = retries ? retry_ms : static_cast<int>(std::max<long>(0, left));
    const int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout);
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    for (int i = 0; i < n; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      std::uint64_t count = 0;
      if (fd == wake_) {
        [[maybe_unused]] const auto size = ::read(wake_, &count, sizeof count);
        retries = true;
      } else if (const auto client = client_of(fd)) {
        call(client, [fd](Client& c) { c.ready(fd); });
        retries = retries || client->wants_retry();
      }
    }
    const bool ticks = Clock::now() >= next_tick;
    if (ticks) next_tick = Clock::now() + tick_period;
    if (!ticks && !retries) continue;
    retries = false;
    for (const auto& client : clients()) {
      call(client, [ticks](Client& c) {
        if (ticks) c.tick();
        if (c.wants_retry()) c.retry();
      });
      retries = retries || client->wants_retry();
    }
  }
}

}  // namespace myriad::plugin_host
