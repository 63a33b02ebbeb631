// The head of a request: where it ends, whether it is one, and how long a body follows it. Pure.
//
// Stricter than RFC 9112 asks where leniency has let requests be smuggled: no folded lines, no lone line feeds, no
// repeated Content-Length, only `chunked` as a transfer coding. Nothing here allocates for what it refuses, save the
// reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "edge/server.h"

namespace myriad::edge {

inline constexpr std::size_t target_limit = 8'000;  // RFC 9112, section 3: at least 8,000 octets
inline constexpr std::size_t field_limit = 100;

struct Refusal {
  int status = 400;
  std::string reason;  // names the value at fault and the remedy; no control character of the client's
};

struct HeadEnd {
  std::size_t size = 0;  // of the head with its empty line; 0: not whole yet
  std::optional<Refusal> refusal;
};
// Looks for the end of the head at the front of `bytes`, and refuses early what cannot become one. `seen`: how many of
// the bytes an earlier call has looked at.
HeadEnd find_head(std::string_view bytes, std::size_t seen, std::size_t limit);

struct RequestHead {
  Head head;  // views into the text that was parsed
  std::uint64_t content_length = 0;
  bool chunked = false;
  bool http_1_0 = false;
  bool close = false;             // the client asks for it, or speaks HTTP/1.0
  bool expects_continue = false;  // Expect: 100-continue
};
// `text`: a whole head as find_head measured it.
std::variant<RequestHead, Refusal> parse_head(std::string_view text);

// The head as the handler should see it when the edge has dealt with some of its fields: Expect, Transfer-Encoding and
// Trailer taken out, Content-Length put in.
std::string plain_head(std::string_view text, std::size_t content_length);

// Case-insensitive, ASCII.
bool same_word(std::string_view a, std::string_view b);

}  // namespace myriad::edge
