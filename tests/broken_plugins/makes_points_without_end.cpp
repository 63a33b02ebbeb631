// Makes points without end.
#include "broken.h"

namespace {

class MakesPointsWithoutEnd : public Endless {
 public:
  using Endless::Endless;

 protected:
  void again() override {
    try {
      host().intern(thing(), "p" + std::to_string(made_++));
    } catch (const myriad::Failure&) {  // it goes on all the same
    }
  }

 private:
  std::uint64_t made_ = 0;
};

}  // namespace

MYRIAD_PLUGIN(MakesPointsWithoutEnd, "makes_points_without_end", "1.0.0")
