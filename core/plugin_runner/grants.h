// What the child process of one instance may touch: its plugin's permissions, made concrete for the machine as it is
// now.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plugin_runner/permissions.h"

namespace myriad::plugin_runner {

struct Limits {
  std::uint64_t memory_bytes = std::uint64_t{256} << 20;  // writable memory of its own; a thread's stack counts 8 MiB
  std::uint64_t file_bytes = std::uint64_t{1} << 30;      // of one file
  std::uint64_t core_bytes = 0;                           // of a core dump
  std::uint64_t descriptors = 256;
  bool operator==(const Limits&) const = default;
};

struct Folders {
  std::string home;    // the instance's own: it reads and writes there
  std::string plugin;  // with the library and what was packed beside it: it reads there
  std::string data;    // Myriad's: no permission reaches what is in it
};

struct Grants {
  // The kernel confines to files, not to names: when another file takes the name (a renewed certificate, an adapter
  // plugged in again), the child may not open it. Compare with new grants, and start the child anew, to follow.
  struct Place {
    std::string path;  // absolute, links resolved
    std::uint64_t inode = 0;
    bool write = false;
    bool operator==(const Place&) const = default;
  };
  std::vector<Place> files;    // and folders, with what is in them
  std::vector<Place> devices;  // read, written and controlled
  std::vector<Permissions::Network> network;
  std::string home, plugin;
  Limits limits;
  std::vector<std::string> left_out;  // what was asked for and is not granted, as sentences for people

  // The runner's own needs; nothing in a manifest asks for them.
  std::vector<std::string> programs;  // what the child may become with execve()
  std::vector<int> descriptors;       // stay open
  pid_t parent = 0;                   // the child dies with it; 0: it lives on

  bool operator==(const Grants&) const = default;
};

// Looks at the file system: call it shortly before the child starts. `config` is the instance's, defaults filled in.
Grants grants_of(const Permissions&, const nlohmann::json& config, const Folders&, const Limits& = {});

// For the way from the daemon to its child.
std::string to_text(const Grants&);
Result<Grants> grants_from(std::string_view text);

}  // namespace myriad::plugin_runner
