// Ends the process that started its own, and reports whether it could.
#include <csignal>
#include <unistd.h>

#include "broken.h"

namespace {

class KillsParent : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override { report(::kill(::getppid(), SIGTERM) == 0); }
};

}  // namespace

MYRIAD_PLUGIN(KillsParent, "kills_parent", "1.0.0")
