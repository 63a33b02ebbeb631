// One link to Modbus equipment, TCP or serial, over libmodbus. Blocks for at most the timeout a call (and for name
// resolution). One thread at a time, but cancel(), which comes from any. The constructor does no I/O.
#pragma once

#include <modbus.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "config.h"

namespace modbus {

enum class Outcome : std::uint8_t {
  ok,
  refused,    // the unit answered with an exception
  absent,     // a gateway answered that the unit does not
  silent,     // no answer in time, or none that makes sense; a TCP link is closed, since the answer may yet come
  lost,       // the link is gone, and closed
  cancelled,  // and closed
};

struct Answer {
  Outcome outcome = Outcome::ok;
  int code = 0;        // errno, among them libmodbus's own
  std::string reason;  // with the address; empty when ok

  bool ok() const { return outcome == Outcome::ok; }
};

class Client {
 public:
  // Throws myriad::Failure INVALID when the serial parameters make no sense.
  explicit Client(const Settings& settings);
  ~Client() { close(); }

  bool is_open() const { return is_open_; }
  Answer open();
  void close();

  // The answer lands in `registers` or `bits` (a byte each), by the table; they are untouched when it fails.
  Answer read(const Request& request, std::uint16_t* registers, std::uint8_t* bits);
  Answer write(std::uint8_t unit, std::uint16_t address, std::span<const std::uint8_t> bits);
  Answer write(std::uint8_t unit, std::uint16_t address, std::span<const std::uint16_t> registers);
  // Modbus Application Protocol V1.1b3, 6.16: register = (register AND keep) OR (set AND NOT keep).
  Answer mask(std::uint8_t unit, std::uint16_t address, std::uint16_t keep, std::uint16_t set);

  // [any thread] Ends the call under way, or the next one, until resume(). A serial call ends with its timeout.
  void cancel() noexcept;
  bool is_cancelled() const { return cancelled_; }
  void resume() { cancelled_ = false; }

  std::uint64_t requests() const { return requests_; }
  std::uint64_t errors() const { return errors_; }

 private:
  struct Free {
    void operator()(modbus_t* context) const { modbus_free(context); }
  };
  template <class Call>
  Answer exchange(std::uint8_t unit, Call call);
  Answer judge(std::uint8_t unit, int code) const;
  Answer open_tcp();
  Answer open_serial();
  Answer dial(int family, const void* address, unsigned size);
  Answer await_connection(int fd) const;
  Answer failed(int code, const std::string& what) const;
  Answer too_many() const;
  void lend(int fd);

  const Settings& settings_;
  std::unique_ptr<modbus_t, Free> context_;
  bool is_open_ = false;
  std::uint64_t requests_ = 0, errors_ = 0;
  std::atomic<bool> cancelled_ = false;
  std::mutex mutex_;  // guards socket_
  int socket_ = -1;   // what cancel() may shut down
};

}  // namespace modbus
