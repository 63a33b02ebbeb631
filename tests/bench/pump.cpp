// A device that publishes `batches` batches of `size` readings in one poll, as fast as they are taken; the bench's.
#include "myriad/config.hpp"

namespace {

class Pump : public myriad::Plugin, public myriad::Device {
 public:
  Pump(myriad::Host given, std::string_view text) : Plugin(given) {
    const auto config = myriad::Config::parse(text);
    batches_ = config.get<int>("batches");
    const auto point = host().intern("pump", "level");
    for (int i = 0; i < config.get<int>("size"); ++i) batch_.add(point, std::int64_t{i}, 0.5 * i);
  }
  void poll(std::int64_t) override {
    for (int i = 0; i < batches_;) {
      const auto status = host().publish(batch_);
      if (status == MYRIAD_OK) ++i;
      if (status != MYRIAD_OK && status != MYRIAD_E_AGAIN) throw myriad::Failure(status, "not taken");
    }
  }

 private:
  int batches_ = 0;
  myriad::Batch batch_;
};

}  // namespace

MYRIAD_PLUGIN(Pump, "pump", "1.0.0")
