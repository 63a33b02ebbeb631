// What an instance is configured to do. Parsing is pure: no I/O. Defaults come from the manifest's schema.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "codec.h"
#include "myriad/config.hpp"
#include "plan.h"

namespace modbus {

struct Point {
  std::string thing, property, title, unit;  // `unit`: of measure
  Place place;
  Format format;
  bool writable, read_back;
};

struct Serial {
  std::string device;
  int baud = 0, data_bits = 0, stop_bits = 0;
  char parity = 'N';
};

struct Settings {
  bool is_tcp;
  std::string host;  // with is_tcp
  std::uint16_t port = 0;
  Serial serial;  // without
  std::chrono::milliseconds timeout, reconnect_min, reconnect_max;
  unsigned retries;  // of a request on a serial line
  Limits limits;
  bool single_writes;  // function codes 5 and 6 for single values, or always 15 and 16
  std::vector<Point> points;

  // "127.0.0.1:502" or "/dev/ttyUSB0", for messages.
  std::string address() const;
};

// Throws myriad::Failure INVALID, which names the JSON pointer.
Settings parse(const myriad::Config& config);

}  // namespace modbus
