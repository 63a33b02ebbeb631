// My protocol: appends readings to a file, one JSON object a line. The host keeps a durable cursor: what deliver() did
// not take is delivered again.
#include <fstream>
#include <myriad/config.hpp>

namespace {

class MyProtocol : public myriad::Plugin, public myriad::Sink {
 public:
  MyProtocol(myriad::Host given, std::string_view config_json) : myriad::Plugin(given) {
    const auto config = myriad::Config::parse(config_json);
    file_ = config.get<std::string>("file");
    std::vector<std::string> points;
    for (const auto& point : config.list("points")) points.push_back(point.as<std::string>());
    host().select(points);
  }

  // At least once: after a failure the same readings come again, so a line may stand twice.
  void deliver(const myriad::BatchView& batch) override {
    std::string lines;
    for (std::uint32_t i = 0; i < batch.size(); ++i) lines += line(batch, batch[i]) + '\n';
    std::ofstream out(file_, std::ios::app | std::ios::binary);
    out << lines << std::flush;
    if (!out) throw myriad::Failure(MYRIAD_E_UNAVAILABLE, file_ + " cannot be written: is there room on the disk?");
    host().metric("lines", lines_ += batch.size());
  }

 private:
  std::string line(const myriad::BatchView& batch, const myriad_reading& reading) const {
    const auto name = host().name(reading.point);
    const nlohmann::json line{{"point", std::string(name.thing) + "/" + std::string(name.property)},
                              {"time_ns", reading.time_ns},
                              {"value", value(batch, reading)},
                              {"good", reading.quality == MYRIAD_GOOD}};
    return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);  // bytes need be no text
  }

  static nlohmann::json value(const myriad::BatchView& batch, const myriad_reading& reading) {
    switch (reading.type) {
      case MYRIAD_BOOL:
        return reading.value.i64 != 0;
      case MYRIAD_I64:
        return reading.value.i64;
      case MYRIAD_U64:
        return reading.value.u64;
      case MYRIAD_F64:
        return reading.value.f64;
      default:
        return std::string(batch.text(reading));
    }
  }

  std::string file_;
  double lines_ = 0;
};

}  // namespace

MYRIAD_PLUGIN(MyProtocol, "my_protocol", "0.1.0")
