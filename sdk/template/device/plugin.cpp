// My device: a thermometer that Linux shows as a file. Parsing and I/O only; the host calls poll() every `interval_ms`.
#include <fstream>
#include <myriad/config.hpp>

namespace {

class MyDevice : public myriad::Plugin, public myriad::Device {
 public:
  MyDevice(myriad::Host given, std::string_view config_json) : myriad::Plugin(given) {
    const auto config = myriad::Config::parse(config_json);
    thing_ = config.get<std::string>("thing");
    file_ = config.get<std::string>("file");
    temperature_ = host().intern(thing_, "temperature");
  }

  void start() override {
    host().put_thing(thing_, R"({"properties":{"temperature":{"type":"number","unit":"Cel","readOnly":true,
                                                              "observable":true}}})");
  }

  void poll(std::int64_t) override {
    myriad::Batch batch;
    try {
      value_ = measure();
      batch.add(temperature_, host().now_ns(), value_);
      host().connected();
    } catch (const myriad::Failure& failure) {
      // The last value stays visible, marked as bad; the host retries at the next interval.
      batch.add(temperature_, host().now_ns(), value_, MYRIAD_BAD);
      host().disconnected(failure.what());
      (void)host().publish(batch);
      throw;
    }
    if (const auto status = host().publish(batch); status != MYRIAD_OK)
      throw myriad::Failure(status, "the host did not take the reading");
  }

 private:
  double measure() const {
    std::ifstream in(file_);
    double thousandths = 0;
    if (!in) throw myriad::Failure(MYRIAD_E_UNAVAILABLE, file_ + " cannot be opened: is the sensor there?");
    if (!(in >> thousandths)) throw myriad::Failure(MYRIAD_E_UNAVAILABLE, file_ + " holds no number");
    return thousandths / 1000;
  }

  std::string thing_, file_;
  std::uint32_t temperature_ = 0;
  double value_ = 0;
};

}  // namespace

MYRIAD_PLUGIN(MyDevice, "my_device", "0.1.0")
