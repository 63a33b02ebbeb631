// What the broken plugins share: a device that counts its polls in <thing>/count, as it should, until its fault comes.
// Compiled once, for all of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "myriad/plugin.hpp"

class Broken : public myriad::Plugin, public myriad::Device {
 public:
  Broken(myriad::Host, std::string_view config);
  void start() override;
  void poll(std::int64_t deadline_ns) final;

 protected:
  // What is wrong, at every poll behind the first `after`. It counts on where this returns.
  virtual void fault() {}

  // Says whether it could do what it was not granted.
  void report(bool escaped);

  const std::string& thing() const { return thing_; }
  const std::string& file() const { return file_; }
  std::uint16_t port() const { return port_; }
  std::uint32_t count_point() const { return count_; }

 private:
  void publish(const myriad::Batch&);

  std::string thing_, file_;
  std::uint16_t port_ = 0;
  std::int64_t after_ = 0, polls_ = 0;
  std::uint32_t count_ = 0, escaped_ = 0;
};

// One whose fault is a thread that does the same again and again, until stop().
class Endless : public Broken {
 public:
  using Broken::Broken;
  ~Endless() override { end(); }
  void stop() override { end(); }

 protected:
  virtual void again() = 0;
  void fault() final;

 private:
  void end();

  std::atomic<bool> ending_ = false;
  std::thread thread_;
};
