// Logs lines without end, each of 4,000 bytes.
#include "broken.h"

namespace {

class NeverStopsLogging : public Endless {
 public:
  using Endless::Endless;

 protected:
  void again() override { host().info(line_); }

 private:
  const std::string line_ = std::string(4000, 'x');
};

}  // namespace

MYRIAD_PLUGIN(NeverStopsLogging, "never_stops_logging", "1.0.0")
