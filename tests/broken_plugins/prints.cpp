// Prints to the standard error stream without end.
#include <cstdio>

#include "broken.h"

namespace {

class Prints : public Endless {
 public:
  using Endless::Endless;

 protected:
  void again() override { std::fputs("printed without end\n", stderr); }
};

}  // namespace

MYRIAD_PLUGIN(Prints, "prints", "1.0.0")
