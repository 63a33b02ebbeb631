#include "edge/answer.h"

#include <array>
#include <charconv>

#include "edge/server.h"

namespace myriad::edge {

std::size_t head_size(std::string_view answer) {
  const auto end = answer.find("\r\n\r\n");
  return end == std::string_view::npos ? answer.size() : end + 4;
}

std::optional<std::string_view> answer_field(std::string_view answer, std::string_view name) {
  return Head{{}, {}, answer.substr(0, head_size(answer))}.field(name);
}

void add_field(std::string& answer, std::string_view name, std::string_view value) {
  const auto line_end = answer.find("\r\n");
  if (line_end == std::string::npos || answer_field(answer, name)) return;
  answer.insert(line_end + 2, std::string(name).append(": ").append(value).append("\r\n"));
}

StreamFraming frame_stream(std::string& answer, bool http_1_0) {
  StreamFraming framing;
  if (const auto length = answer_field(answer, "Content-Length")) {
    std::uint64_t bytes = 0;
    std::from_chars(length->data(), length->data() + length->size(), bytes);
    framing.length = bytes;
  } else if (!http_1_0) {
    framing.chunked = true;
    add_field(answer, "Transfer-Encoding", "chunked");
  }
  return framing;
}

void append_chunk(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  out.append(size.data(), end).append("\r\n").append(bytes).append("\r\n");
}

}  // namespace myriad::edge
