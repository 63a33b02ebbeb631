// Tells open streams what is no reading: events of Things, changed states of instances, and a heartbeat. One thread
// renders each once for all of them. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "api/handler.h"

namespace myriad::api {

class Live {
 public:
  enum class Kind : std::uint8_t { thing_event, instance };

  class Listener {
   public:
    virtual ~Listener() = default;
    virtual bool wants(Kind, std::string_view thing) const = 0;
    virtual void post(const std::string& text) = 0;  // one server-sent event
    virtual void beat() = 0;
    virtual void end() = 0;
  };

  explicit Live(const Parts&);
  ~Live();

  void join(std::weak_ptr<Listener>);  // ended at once after close()
  void close();                        // ends all listeners
  std::size_t listeners() const;

 private:
  using Notice = std::variant<registry::Event, std::string>;  // an event, or the id of an instance

  void add(Notice);
  void run();
  void tell(const Notice&);
  std::vector<std::shared_ptr<Listener>> present() const;

  plugin_host::Instances& instances_;
  Log log_;
  registry::Registry& registry_;
  mutable std::mutex mutex_;  // guards the rest of the state
  std::condition_variable changed_;
  std::deque<Notice> notices_;
  mutable std::vector<std::weak_ptr<Listener>> listeners_;
  bool closing_ = false;
  std::shared_ptr<void> events_, states_;  // dropped before the thread ends
  std::thread thread_;
};

}  // namespace myriad::api
