#include "broken.h"

#include "myriad/config.hpp"

Broken::Broken(myriad::Host given, std::string_view text) : Plugin(given) {
  const auto config = myriad::Config::parse(text);
  thing_ = config.get<std::string>("thing");
  file_ = config.get<std::string>("file");
  port_ = config.get<std::uint16_t>("port");
  after_ = config.get<std::int64_t>("after");
  count_ = host().intern(thing_, "count");
  escaped_ = host().intern(thing_, "escaped");
}

void Broken::start() {
  host().put_thing(thing_, R"({"properties":{"count":{"type":"integer","readOnly":true},
                                             "escaped":{"type":"boolean","readOnly":true}}})");
}

void Broken::poll(std::int64_t) {
  if (polls_ >= after_) fault();
  myriad::Batch batch;
  batch.add(count_, host().now_ns(), ++polls_);
  publish(batch);
}

void Broken::report(bool escaped) {
  myriad::Batch batch;
  batch.add(escaped_, host().now_ns(), escaped);
  publish(batch);
}

void Broken::publish(const myriad::Batch& batch) {
  if (const auto status = host().publish(batch); status != MYRIAD_OK) throw myriad::Failure(status, "not taken");
}

void Endless::fault() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    while (!ending_) again();
  });
}

void Endless::end() {
  ending_ = true;
  if (thread_.joinable()) thread_.join();
  ending_ = false;
}
