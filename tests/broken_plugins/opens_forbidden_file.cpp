// Opens the file of its configuration, which its manifest does not ask for, and reports whether it could.
#include <fcntl.h>
#include <unistd.h>

#include "broken.h"

namespace {

class OpensForbiddenFile : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override {
    const int fd = ::open(file().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd >= 0) ::close(fd);
    report(fd >= 0);
  }
};

}  // namespace

MYRIAD_PLUGIN(OpensForbiddenFile, "opens_forbidden_file", "1.0.0")
