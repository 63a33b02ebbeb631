// A relay in memory with a counter of its changes: what the API's tests read and write. With `inputs` also a sink,
// which refuses text when `refuses_text` says so. It answers HTTP requests with what it was asked.
#include <atomic>
#include <nlohmann/json.hpp>

#include "myriad/plugin.hpp"

namespace {

using nlohmann::json;

class Switch final : public myriad::Plugin, public myriad::Device, public myriad::Sink, public myriad::Http {
 public:
  Switch(myriad::Host host, std::string_view config_json) : Plugin(host) {
    const json config = json::parse(config_json);
    thing_ = config["thing"];
    away_ = config["away"];
    refuses_text_ = config["refuses_text"];
    if (const auto inputs = config["inputs"].get<std::vector<std::string>>(); !inputs.empty())
      this->host().select(inputs);
    if (thing_ == "forbidden") throw myriad::Failure(MYRIAD_E_INVALID, "thing 'forbidden': choose another name");
    relay_ = this->host().intern(thing_, "relay");
    changes_ = this->host().intern(thing_, "changes");
  }

  void start() override {
    host().put_thing(thing_, R"({"properties":{
        "relay":{"type":"boolean","observable":true},
        "level":{"type":"number","minimum":0,"maximum":10,"unit":"V"},
        "changes":{"type":"integer","readOnly":true,"observable":true}}})");
    host().metric("closed", 0);
    if (away_) return host().disconnected("nobody answers");
    host().connected();
    publish();
  }

  void poll(std::int64_t) override { publish(); }
  void read(std::span<const std::uint32_t>, std::int64_t) override { publish(); }

  void write(const myriad::BatchView& batch, std::span<myriad_status> each) override {
    if (away_) throw myriad::Failure(MYRIAD_E_UNAVAILABLE, "nobody answers");
    if (batch[0].point == relay_) closed_ = batch[0].value.i64 != 0;
    ++count_;
    each[0] = MYRIAD_OK;
    publish();
  }

  myriad::HttpResponse serve(const myriad::HttpRequest& r) override {
    if (r.path == "/away") throw myriad::Failure(MYRIAD_E_UNAVAILABLE, "nobody answers");
    if (r.path == "/silly") return {99, "text/plain", ""};
    return {202, "text/html",
            std::string(r.method) + ' ' + std::string(r.path) + ' ' + std::string(r.query) + ' ' + std::string(r.user) +
                ' ' + std::string(r.body)};
  }

  void deliver(const myriad::BatchView& batch) override {
    for (std::uint32_t i = 0; i < batch.size(); ++i)
      if (refuses_text_ && batch[i].type == MYRIAD_TEXT) throw myriad::Failure(MYRIAD_E_INVALID, "no text, please");
  }

 private:
  void publish() {
    myriad::Batch batch;
    batch.add(relay_, host().now_ns(), closed_);
    batch.add(changes_, host().now_ns(), count_);
    if (host().publish(batch) != MYRIAD_OK) throw myriad::Failure(MYRIAD_E_AGAIN, "the queue is full");
  }

  std::string thing_;
  bool away_ = false, closed_ = false, refuses_text_ = false;
  std::int64_t count_ = 0;
  std::uint32_t relay_ = 0, changes_ = 0;
};

}  // namespace

MYRIAD_PLUGIN(Switch, "switch", "1.0.0")
