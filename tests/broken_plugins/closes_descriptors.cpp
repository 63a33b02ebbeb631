// Closes every descriptor in poll(), also those that are not its own.
#include <unistd.h>

#include "broken.h"

namespace {

class ClosesDescriptors : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override {
    for (int fd = 0; fd < 256; ++fd) ::close(fd);
  }
};

}  // namespace

MYRIAD_PLUGIN(ClosesDescriptors, "closes_descriptors", "1.0.0")
