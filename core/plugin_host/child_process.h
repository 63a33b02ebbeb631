// The process of one isolated plugin, with the daemon's ends of its sockets and of a pipe for what it prints.
// Thread-safe. Killed and reaped with this object.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/result.h"

namespace myriad::plugin_host {

class ChildProcess {
 public:
  // Starts `command` in folder `home`, which is made where it is missing, without an environment to speak of.
  static Result<std::unique_ptr<ChildProcess>> spawn(const std::vector<std::string>& command,
                                                     const std::filesystem::path& home);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  int calls() const { return calls_.get(); }
  int side() const { return side_.get(); }      // does not block
  int output() const { return output_.get(); }  // does not block

  // The first reason given is the one that end() tells.
  void kill(std::string reason);
  // Waits for its end, kills it at the limit, and tells why it ended: "crashed with SIGSEGV (…)".
  std::string end(std::chrono::milliseconds limit);

  struct Usage {
    std::chrono::nanoseconds cpu{};
    std::uint64_t memory = 0;  // bytes that are its own
  };
  std::optional<Usage> usage() const;  // nullopt once it ended

 private:
  ChildProcess(int pid, std::filesystem::path home, Descriptor calls, Descriptor side, Descriptor output);
  bool reap();  // needs mutex_; true: it ended
  std::string why() const;
  std::string name_core_dump() const;

  const int pid_;
  const std::filesystem::path home_;
  const Descriptor calls_, side_, output_;
  mutable std::mutex mutex_;  // guards all below
  std::string reason_;
  bool ended_ = false;
  int status_ = 0;  // as waitpid() tells it
};

}  // namespace myriad::plugin_host
