// One thread that waits for the side sockets and pipes of all isolated plugins, so that four hundred of them are not
// four hundred threads here. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace myriad::plugin_host {

class Hub {
 public:
  // Called on the hub's thread, one at a time; must not block.
  class Client {
   public:
    virtual ~Client() = default;
    virtual void ready(int fd) = 0;  // it can be read or written, or its other end is closed
    virtual void tick() = 0;         // every tenth of a second
    virtual void retry() = 0;        // every few milliseconds, while wants_retry()
    virtual bool wants_retry() const = 0;
  };

  Hub();
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  void add(std::shared_ptr<Client>);
  void remove(const Client*);  // no call of it is under way any more, unless this is one
  // What of `fd` is waited for: EPOLLIN, EPOLLOUT; 0: nothing.
  void watch(Client*, int fd, std::uint32_t events);
  void wake();  // a client wants retry()

 private:
  void run();
  std::shared_ptr<Client> client_of(int fd);
  template <class F>
  void call(const std::shared_ptr<Client>&, F&& f);
  std::vector<std::shared_ptr<Client>> clients();

  int epoll_, wake_;
  std::mutex mutex_;  // guards all below
  std::condition_variable called_;
  const Client* calling_ = nullptr;
  bool stopping_ = false;
  std::unordered_map<const Client*, std::shared_ptr<Client>> clients_;
  std::unordered_map<int, Client*> watched_;
  std::thread thread_;
};

}  // namespace myriad::plugin_host
