// Takes the chunked transfer coding off a body, a piece at a time (RFC 9112, section 7.1). Pure; holds no data.
//
//   for (std::string_view in = received; !in.empty();) {
//     const auto step = decoder.step(in);
//     body.append(step.data);
//     in.remove_prefix(step.consumed);
//     if (step.state != ChunkDecoder::State::more) break;
//   }
//
// Chunk extensions and trailer fields are skipped and bounded; every line ends with CRLF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace myriad::edge {

class ChunkDecoder {
 public:
  static constexpr std::size_t extension_limit = 4 * 1024;  // of all chunks of one body together
  static constexpr std::size_t trailer_limit = 4 * 1024;

  enum class State : std::uint8_t { more, done, bad };
  struct Step {
    std::size_t consumed = 0;  // of `in`; more than 0 when `in` is not empty and the state was `more`
    std::string_view data;     // a part of `in`
    State state = State::more;
  };
  Step step(std::string_view in);

  const char* problem() const { return problem_; }  // after `bad`

 private:
  enum class At : std::uint8_t { size, extension, size_lf, data, data_cr, data_lf, trailer, trailer_lf, end, broken };

  void take(char c);
  void take_size(char c);
  void take_extension(char c);
  void take_trailer(char c);
  void expect(char c, char wanted, At then);
  void fail(const char* why);

  At at_ = At::size;
  std::uint64_t left_ = 0;  // bytes of this chunk to come
  unsigned digits_ = 0;
  std::size_t extensions_ = 0, trailers_ = 0;
  bool line_empty_ = true;  // of the trailer
  const char* problem_ = "";
};

}  // namespace myriad::edge
