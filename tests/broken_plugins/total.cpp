// A processor that publishes the running total of its input as <thing>/total. The total is its state.
#include "myriad/config.hpp"

namespace {

class Total : public myriad::Plugin, public myriad::Processor {
 public:
  Total(myriad::Host given, std::string_view text) : Plugin(given) {
    const auto config = myriad::Config::parse(text);
    const std::vector<std::string> patterns{config.get<std::string>("input")};
    host().select(patterns);
    output_ = host().intern(config.get<std::string>("thing"), "total");
  }

  void process(const myriad::BatchView& in) override {
    myriad::Batch out;
    for (std::uint32_t i = 0; i < in.size(); ++i) out.add(output_, in[i].time_ns, total_ += in[i].value.i64);
    if (const auto status = host().publish(out); status != MYRIAD_OK) throw myriad::Failure(status, "not taken");
  }
  std::string save() override { return std::to_string(total_); }
  void load(std::string_view state) override { total_ = std::stoll(std::string(state)); }

 private:
  std::uint32_t output_ = 0;
  std::int64_t total_ = 0;
};

}  // namespace

MYRIAD_PLUGIN(Total, "total", "1.0.0")
