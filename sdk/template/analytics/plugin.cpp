// My analytics: for each point that is chosen, <property>_smooth follows it slowly (exponential smoothing). The host
// keeps save() beside its cursor and gives it back to load(), so that a restart continues where the readings stopped.
#include <map>
#include <myriad/config.hpp>
#include <optional>

namespace {

constexpr std::string_view suffix = "_smooth";

std::optional<double> number(const myriad_reading& reading) {
  switch (reading.type) {
    case MYRIAD_I64:
      return static_cast<double>(reading.value.i64);
    case MYRIAD_U64:
      return static_cast<double>(reading.value.u64);
    case MYRIAD_F64:
      return reading.value.f64;
    default:
      return std::nullopt;
  }
}

class MyAnalytics : public myriad::Plugin, public myriad::Processor {
 public:
  MyAnalytics(myriad::Host given, std::string_view config_json) : myriad::Plugin(given) {
    const auto config = myriad::Config::parse(config_json);
    weight_ = config.get<double>("weight");
    std::vector<std::string> points;
    for (const auto& point : config.list("points")) points.push_back(point.as<std::string>());
    host().select(points);
  }

  // Nothing changes unless the host took the outputs: a batch that it did not take comes again.
  void process(const myriad::BatchView& in) override {
    auto means = means_;
    myriad::Batch out;
    for (std::uint32_t i = 0; i < in.size(); ++i) {
      const auto value = number(in[i]);
      const auto name = host().name(in[i].point);
      if (!value || in[i].quality != MYRIAD_GOOD || name.property.ends_with(suffix)) continue;
      const auto point = std::string(name.thing) + "/" + std::string(name.property);
      double& mean = means.try_emplace(point, *value).first->second;
      mean += weight_ * (*value - mean);
      out.add(output(in[i].point, name), in[i].time_ns, mean);
    }
    if (out.empty()) return;
    if (const auto status = host().publish(out); status != MYRIAD_OK)
      throw myriad::Failure(status, "the host did not take the smoothed readings");
    means_ = std::move(means);
  }

  std::string save() override { return nlohmann::json(means_).dump(); }

  void load(std::string_view state) override {
    const auto saved = nlohmann::json::parse(state, nullptr, false);
    if (!saved.is_object()) return;
    for (const auto& [point, mean] : saved.items())
      if (mean.is_number()) means_[point] = mean.get<double>();
  }

 private:
  // The point beside the input, described when it is first needed.
  std::uint32_t output(std::uint32_t input, const myriad::Host::PointName& name) {
    const auto [known, is_new] = outputs_.try_emplace(input, 0);
    if (!is_new) return known->second;
    const std::string property = std::string(name.property) + std::string(suffix);
    const nlohmann::json td{
        {"properties",
         {{property, {{"type", "number"}, {"unit", host().unit(input)}, {"readOnly", true}, {"observable", true}}}}}};
    host().put_thing(name.thing, td.dump());
    return known->second = host().intern(name.thing, property);
  }

  double weight_ = 0;
  std::map<std::string, double> means_;             // by the input's name
  std::map<std::uint32_t, std::uint32_t> outputs_;  // by the input's id, which a restart may change
};

}  // namespace

MYRIAD_PLUGIN(MyAnalytics, "my_analytics", "0.1.0")
