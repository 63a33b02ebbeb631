#include "edge/chunked.h"

#include <algorithm>

namespace myriad::edge {
namespace {

constexpr unsigned max_digits = 15;  // 2^60: no sum of ours overflows

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

}  // namespace

ChunkDecoder::Step ChunkDecoder::step(std::string_view in) {
  Step out;
  while (out.consumed < in.size() && at_ != At::data && at_ != At::end && at_ != At::broken) take(in[out.consumed++]);
  if (at_ == At::data && out.consumed < in.size()) {
    out.data = in.substr(out.consumed, static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size())));
    out.consumed += out.data.size();
    left_ -= out.data.size();
    if (left_ == 0) at_ = At::data_cr;
  }
  if (at_ == At::end) out.state = State::done;
  if (at_ == At::broken) out.state = State::bad;
  return out;
}

void ChunkDecoder::take(char c) {
  switch (at_) {
    case At::size:
      return take_size(c);
    case At::extension:
      return take_extension(c);
    case At::size_lf:
      return expect(c, '\n', left_ ? At::data : At::trailer);
    case At::data_cr:
      return expect(c, '\r', At::data_lf);
    case At::data_lf:
      digits_ = 0;
      return expect(c, '\n', At::size);
    case At::trailer:
      return take_trailer(c);
    case At::trailer_lf:
      expect(c, '\n', line_empty_ ? At::end : At::trailer);
      line_empty_ = true;
      return;
    case At::data:
    case At::end:
    case At::broken:
      return;
  }
}

void ChunkDecoder::take_size(char c) {
  if (const int digit = hex_value(c); digit >= 0) {
    if (++digits_ > max_digits) return fail("a chunk size of more than 15 digits");
    left_ = (digits_ == 1 ? 0 : left_ * 16) + static_cast<unsigned>(digit);
    return;
  }
  if (digits_ == 0) return fail("a chunk without its size in hexadecimal digits");
  if (c == '\r')
    at_ = At::size_lf;
  else if (c == ';' || c == ' ' || c == '\t')
    at_ = At::extension;
  else
    fail("a chunk size with something other than hexadecimal digits");
}

void ChunkDecoder::take_extension(char c) {
  if (c == '\r') {
    at_ = At::size_lf;
    return;
  }
  if (is_control(c)) return fail("a control character in a chunk extension");
  if (++extensions_ > extension_limit) fail("too many bytes of chunk extensions");
}

void ChunkDecoder::take_trailer(char c) {
  if (c == '\r') {
    at_ = At::trailer_lf;
    return;
  }
  line_empty_ = false;
  if (is_control(c)) return fail("a control character in the trailer");
  if (++trailers_ > trailer_limit) fail("too many bytes of trailer");
}

void ChunkDecoder::expect(char c, char wanted, At then) {
  if (c != wanted) return fail("a chunk line that does not end with CRLF where its size says");
  at_ = then;
}

void ChunkDecoder::fail(const char* why) {
  at_ = At::broken;
  problem_ = why;
}

}  // namespace myriad::edge
