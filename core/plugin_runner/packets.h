// Sends and receives messages of the runner protocol over one end of a SOCK_SEQPACKET pair, in as many packets as each
// needs. Does not own the descriptor.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "plugin_runner/protocol.h"

namespace myriad::plugin_runner {

enum class Sent : std::uint8_t {
  all,
  full,  // the socket takes nothing more, and nothing was sent
  gone,  // the other end is closed, or `wait` gave up within a message
};

// The payload is the parts behind each other; at most three. `wait` is called when the socket is full: true tries
// again. Without it a message that has not begun is `full`, and the rest of one that has is waited for.
Sent send_message(int fd, Header header, std::span<const std::string_view> parts,
                  const std::function<bool(bool begun)>& wait = {});
Sent send_message(int fd, Header header, std::string_view payload, const std::function<bool(bool begun)>& wait = {});

// Waits until the socket takes more. False: the other end is gone, or it did not within `limit_ms` (-1: without end).
bool wait_to_send(int fd, int limit_ms = -1);

struct Message {
  Header header;
  std::string_view payload;  // begins at a multiple of 8; lasts until the next receive()
};

// One reader at a time.
class Receiver {
 public:
  explicit Receiver(int fd);

  enum class Got : std::uint8_t {
    message,
    nothing,  // nothing is there now; never when it waits
    end,      // the other end is closed
    broken,   // what came breaks the protocol
  };
  Got receive(Message&, bool wait);

 private:
  struct Free {
    void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{16}); }
  };
  const int fd_;
  const std::unique_ptr<std::byte[], Free> packet_;
  std::string assembly_;  // of a message that comes in several packets
  bool assembling_ = false;
};

}  // namespace myriad::plugin_runner
