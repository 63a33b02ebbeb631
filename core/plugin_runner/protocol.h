// What the daemon and the child process of an isolated plugin say to each other: docs/specs/runner-protocol.md.
//
// Two SOCK_SEQPACKET pairs. On `calls` the daemon asks and the child answers, one call at a time. On `side` goes
// everything else, both ways. A message is one packet, or several where it is longer; each packet begins with a Header.
#pragma once

#include <cstddef>
#include <cstdint>

namespace myriad::plugin_runner {

constexpr std::uint32_t protocol_version = 1;
constexpr int calls_fd = 3, side_fd = 4;  // in the child
constexpr std::size_t max_packet = std::size_t{64} << 10;
constexpr std::size_t max_message = std::size_t{24} << 20;

enum class Type : std::uint16_t {
  // On `calls`; the answer has the type and the id of its question.
  setup = 1,
  create,
  start,
  stop,
  destroy,
  discover,
  poll,
  read,
  write,
  invoke,
  deliver,
  process,
  save,
  load,
  serve,
  fire,

  // On `side`, from the child. From `metric` on each waits for an `answer` with its id.
  publish = 64,
  refused,
  log,
  pong,
  invoked,
  publish_durable,
  metric,
  connection,
  intern,
  put_thing,
  emit,
  select,
  name,
  unit,
  kv_put,
  kv_get,
  timer_set,
  timer_cancel,
  secret_get,
  history_query,

  // On `side`, from the daemon.
  answer = 128,
  durable,
  cancel,
  ping,
};

struct Header {
  std::uint16_t type = 0;
  std::uint16_t more = 0;  // 1: the message goes on in the next packet
  std::int32_t status = 0;
  std::uint64_t id = 0;
};
static_assert(sizeof(Header) == 16);

// In front of a batch's readings, so that these lie at a multiple of 8 in the packet.
struct BatchHead {
  std::uint64_t sequence = 0;
  std::uint32_t count = 0, blob_size = 0;
};
static_assert(sizeof(BatchHead) == 16);

}  // namespace myriad::plugin_runner
