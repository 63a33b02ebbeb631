// The confinement of a plugin's child process. Nothing here can be undone, by the child or by what it starts.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "plugin_runner/grants.h"

namespace myriad::plugin_runner {

struct Confinement {
  int landlock = 0;               // the version that confines it; 0: none does
  bool network_ports = false;     // TCP is confined to the ports granted
  std::vector<std::string> gaps;  // what is not confined here and what would help, as sentences for people
};

// Confines this process to what it is granted, in this order: limits of memory, files and descriptors; every descriptor
// closed but grants.descriptors; no privileges, no groups, no new privileges; death with the parent; files and ports
// (Landlock); system calls (seccomp). What the kernel lacks becomes a gap; everything else that fails is an error, and
// the process must end.
//
// Call it while the process has one thread, before the plugin's library is loaded: threads made later are confined as
// well. The thread that forked this process must outlive it: the kernel takes that thread's end for the parent's.
// Sets RES_OPTIONS, so that names are looked up over TCP, where datagrams are not granted.
//
// `landlock_at_most` pretends an older kernel, for tests.
Result<Confinement> confine(const Grants&, int landlock_at_most = 6);

}  // namespace myriad::plugin_runner
