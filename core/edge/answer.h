// What the edge adds to the answers it is given. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace myriad::edge {

// Bytes of the status line and fields, with the empty line; all of them when there is none.
std::size_t head_size(std::string_view answer);

std::optional<std::string_view> answer_field(std::string_view answer, std::string_view name);

// Puts "name: value" behind the status line, unless the answer has that field.
void add_field(std::string& answer, std::string_view name, std::string_view value);

// How the bytes of a stream show their end.
struct StreamFraming {
  bool chunked = false;
  std::optional<std::uint64_t> length;  // neither: the connection's end is theirs
};
// Decides it, and completes the head.
StreamFraming frame_stream(std::string& answer, bool http_1_0);

// Appends one chunk (RFC 9112, section 7.1). Nothing for no bytes, since an empty chunk is the last.
void append_chunk(std::string& out, std::string_view bytes);
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace myriad::edge
