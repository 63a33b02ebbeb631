// A daemon of this very program as a child process, which ends with the object and with this process.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"

namespace myriad::app::bench {

class Child {
 public:
  // `myriad serve` on `data`, which is made: loopback, a free port, no TLS. Returns when it serves.
  static Result<std::unique_ptr<Child>> serve(const std::filesystem::path& data, const std::string& password);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  double ready_ms() const { return ready_ms_; }  // from fork to the ready file
  std::uint16_t port() const { return port_; }

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  Status wait_until_ready(const std::filesystem::path& ready_file, const std::filesystem::path& log);

  const pid_t pid_;
  double ready_ms_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace myriad::app::bench
