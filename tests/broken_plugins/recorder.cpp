// A sink that writes "<sequence of the batch> <point> <value>" for each reading delivered, and fails with `status`
// while the file `fail_while` is there. With `multiple_of`, it fails only for batches with such a value.
#include <filesystem>
#include <fstream>

#include "myriad/config.hpp"

namespace {

class Recorder : public myriad::Plugin, public myriad::Sink {
 public:
  Recorder(myriad::Host given, std::string_view text) : Plugin(given) {
    const auto config = myriad::Config::parse(text);
    std::vector<std::string> patterns;
    for (const auto& p : config.list("points")) patterns.push_back(p.as<std::string>());
    host().select(patterns);
    file_ = config.get<std::string>("file");
    fail_while_ = config.get<std::string>("fail_while");
    status_ = config.get<int>("status");
    multiple_of_ = config.get<int>("multiple_of");
  }

  void deliver(const myriad::BatchView& batch) override {
    if (!fail_while_.empty() && std::filesystem::exists(fail_while_) && displeases(batch))
      throw myriad::Failure(status_, "the peer is away as told");
    std::ofstream out(file_, std::ios::app);
    for (std::uint32_t i = 0; i < batch.size(); ++i) {
      const auto name = host().name(batch[i].point);
      out << batch.sequence() << ' ' << name.thing << '/' << name.property << ' ' << batch[i].value.i64 << '\n';
    }
  }

 private:
  bool displeases(const myriad::BatchView& batch) const {
    for (std::uint32_t i = 0; i < batch.size(); ++i)
      if (multiple_of_ == 0 || batch[i].value.i64 % multiple_of_ == 0) return true;
    return false;
  }

  std::string file_, fail_while_;
  int status_ = 0, multiple_of_ = 0;
};

}  // namespace

MYRIAD_PLUGIN(Recorder, "recorder", "1.0.0")
