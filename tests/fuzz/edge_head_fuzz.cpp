// The bytes that any stranger may send first: heads of requests and chunked bodies.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "edge/chunked.h"
#include "edge/head.h"

using namespace myriad::edge;

namespace {

void require(bool law) {
  if (!law) std::abort();
}

// However the bytes arrive, the same head ends at the same place.
HeadEnd find_by(std::string_view bytes, std::size_t step) {
  HeadEnd end;
  std::size_t seen = 0;
  for (std::size_t n = std::min(step, bytes.size());; n = std::min(n + step, bytes.size())) {
    end = find_head(bytes.substr(0, n), seen, 4096);
    if (end.size || end.refusal || n == bytes.size()) return end;
    seen = n;
  }
}

void check_head(std::string_view bytes) {
  const HeadEnd end = find_head(bytes, 0, 4096);
  const HeadEnd slow = find_by(bytes, 1);
  require(end.size == slow.size);
  if (!end.size) return;
  const auto parsed = parse_head(bytes.substr(0, end.size));
  const auto* head = std::get_if<RequestHead>(&parsed);
  if (!head) return;
  require(head->head.target == "*" || head->head.target.starts_with('/'));
  require(head->http_1_0 || head->head.field("host"));
  require(!(head->chunked && head->head.field("content-length")));
  if (!head->chunked && !head->expects_continue) return;
  const std::string plain = plain_head(head->head.text, 7);
  const auto again = parse_head(plain);
  const auto* same = std::get_if<RequestHead>(&again);
  require(same && !same->chunked && !same->expects_continue && same->content_length == 7);
  require(same->head.target == head->head.target && same->head.method == head->head.method);
}

std::string decode(std::string_view in, std::size_t size, ChunkDecoder::State& state) {
  ChunkDecoder decoder;
  std::string out;
  state = ChunkDecoder::State::more;
  while (!in.empty() && state == ChunkDecoder::State::more) {
    const auto step = decoder.step(in.substr(0, size));
    require(step.consumed > 0 && step.consumed <= in.size());
    out.append(step.data);
    in.remove_prefix(step.consumed);
    state = step.state;
  }
  return out;
}

void check_chunks(std::string_view bytes) {
  ChunkDecoder::State whole{}, split{};
  require(decode(bytes, bytes.size(), whole) == decode(bytes, 3, split));
  require(whole == split);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_head(bytes);
  check_chunks(bytes);
  return 0;
}
