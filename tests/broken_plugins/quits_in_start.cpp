// Ends the process in start().
#include <unistd.h>

#include "broken.h"

namespace {

class QuitsInStart : public Broken {
 public:
  using Broken::Broken;
  void start() override { ::_exit(3); }
};

}  // namespace

MYRIAD_PLUGIN(QuitsInStart, "quits_in_start", "1.0.0")
