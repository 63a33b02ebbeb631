#include "edge/chunked.h"

#include <gtest/gtest.h>

#include <string>

namespace myriad::edge {
namespace {

using State = ChunkDecoder::State;

struct Decoded {
  std::string body, rest;
  State state;
};

// Feeds `in` in pieces of `size`.
Decoded decode(std::string_view in, std::size_t size) {
  ChunkDecoder decoder;
  Decoded out{{}, {}, State::more};
  while (!in.empty() && out.state == State::more) {
    const auto step = decoder.step(in.substr(0, size));
    EXPECT_GT(step.consumed, 0u);
    out.body.append(step.data);
    out.state = step.state;
    in.remove_prefix(step.consumed);
  }
  out.rest = in;
  return out;
}

TEST(Chunked, Decodes) {
  struct Case {
    const char* name;
    std::string in;
    State state;
    std::string body, rest;
  };
  const Case cases[] = {
      {"empty", "0\r\n\r\n", State::done, "", ""},
      {"two chunks", "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", State::done, "abc0123456789", ""},
      {"what follows stays", "1\r\na\r\n0\r\n\r\nGET /", State::done, "a", "GET /"},
      {"leading zeros", "0003\r\nabc\r\n000\r\n\r\n", State::done, "abc", ""},
      {"extension", "3;a=b;c\r\nabc\r\n0;z\r\n\r\n", State::done, "abc", ""},
      {"trailer", "0\r\nA: b\r\nC: d\r\n\r\n", State::done, "", ""},
      {"data with CRLF", "4\r\n\r\n\r\n\r\n0\r\n\r\n", State::done, "\r\n\r\n", ""},
      {"not whole", "5\r\nabc", State::more, "abc", ""},
      {"no size", "\r\nabc", State::bad, "", ""},
      {"no hex", "x\r\n", State::bad, "", ""},
      {"negative", "-1\r\n", State::bad, "", ""},
      {"prefixed", "0x1\r\na\r\n", State::bad, "", ""},
      {"too many digits", "0000000000000001\r\n", State::bad, "", ""},
      {"huge", "ffffffffffffffff\r\n", State::bad, "", ""},
      {"lone LF after size", "1\na\r\n", State::bad, "", ""},
      {"size too small", "2\r\nabc\r\n", State::bad, "ab", ""},
      {"size too large", "4\r\nabc\r\n0\r\n\r\n", State::bad, "abc\r", ""},
      {"lone LF after data", "1\r\na\n0\r\n\r\n", State::bad, "a", ""},
      {"NUL in extension", std::string("1;\0\r\n", 5), State::bad, "", ""},
      {"lone LF in trailer", "0\r\nA: b\n\r\n", State::bad, "", ""},
  };
  for (const auto& c : cases)
    for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{7}, c.in.size()}) {
      const auto got = decode(c.in, size);
      EXPECT_EQ(got.state, c.state) << c.name << " by " << size;
      EXPECT_EQ(got.body, c.body) << c.name << " by " << size;
      if (got.state == State::done) {
        EXPECT_EQ(got.rest, c.rest) << c.name << " by " << size;
      }
    }
}

TEST(Chunked, BoundsWhatItSkips) {
  std::string many;
  for (int i = 0; i < 200; ++i) many += "1;" + std::string(40, 'e') + "\r\na\r\n";
  EXPECT_EQ(decode(many, 64).state, State::bad) << "extensions of many chunks";
  EXPECT_EQ(decode("1;" + std::string(5000, 'e'), 64).state, State::bad) << "endless extension";
  EXPECT_EQ(decode("0\r\nA: " + std::string(5000, 't'), 64).state, State::bad) << "endless trailer";
}

}  // namespace
}  // namespace myriad::edge
