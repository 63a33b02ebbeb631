// The temporary folder of a benchmark: on a disk, removed with the object, and when the user interrupts.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"

namespace myriad::app::bench {

class Scratch {
 public:
  // In `dir`; empty: the system's temporary folder, or the current one when that is in memory. From now on SIGINT,
  // SIGTERM and SIGHUP remove the folder and end the process; only one at a time, made before other threads.
  static Result<std::unique_ptr<Scratch>> make(const std::filesystem::path& dir);
  virtual ~Scratch() = default;

  virtual const std::filesystem::path& path() const = 0;
  virtual std::string file_system() const = 0;  // "ext4"; its number when the name is not known
  bool in_memory() const { return file_system() == "tmpfs" || file_system() == "ramfs"; }
  std::filesystem::path operator/(const std::string& name) const { return path() / name; }
};

}  // namespace myriad::app::bench
