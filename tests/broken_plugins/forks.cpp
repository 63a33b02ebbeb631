// Makes a process of its own in poll(), and reports whether it could.
#include <sys/wait.h>
#include <unistd.h>

#include "broken.h"

namespace {

class Forks : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    if (child > 0) ::waitpid(child, nullptr, 0);
    report(child > 0);
  }
};

}  // namespace

MYRIAD_PLUGIN(Forks, "forks", "1.0.0")
