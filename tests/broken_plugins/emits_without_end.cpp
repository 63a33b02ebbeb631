// Emits events without end.
#include "broken.h"

namespace {

class EmitsWithoutEnd : public Endless {
 public:
  using Endless::Endless;

 protected:
  void again() override { (void)host().emit(thing(), "tick", R"({"without":"end"})", host().now_ns()); }
};

}  // namespace

MYRIAD_PLUGIN(EmitsWithoutEnd, "emits_without_end", "1.0.0")
