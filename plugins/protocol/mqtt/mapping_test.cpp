#include "mapping.h"

#include <gtest/gtest.h>

#include "test_support.h"
#include "times.h"

namespace mqtt {
namespace {

using test::json;

constexpr std::int64_t arrival = 1'700'000'000'000'000'000;

json shown(const Value& value) {
  return std::visit(
      [](const auto& v) -> json {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, JsonText>)
          return json::parse(v.text);
        else
          return v;
      },
      value);
}

json run(const test::fs::path& folder) {
  const auto options = parse_options(test::complete(json::parse(test::read_file(folder / "config.json"))));
  const auto message = json::parse(test::read_file(folder / "message.json"));
  const auto bytes = message["payload"].get<std::string>();
  Payload payload(bytes);
  try {
    const auto mapped = map(options.subscribe.at(0), message["topic"], payload, arrival);
    if (!mapped) return {{"error", "the filter does not match"}};
    json out{{"thing", mapped->thing}, {"time", mapped->time_ns == arrival ? "arrival" : format_time(mapped->time_ns)}};
    for (const auto& value : mapped->values) out["values"][value.property] = shown(value.value);
    return out;
  } catch (const myriad::Failure& failure) {
    return {{"error", failure.what()}};
  }
}

// cases/<name>/{config.json,message.json,expected.json}; an expected error is a part of the message.
TEST(Mapping, Cases) {
  int count = 0;
  for (const auto& folder : test::fs::directory_iterator(test::fs::path(PLUGIN_DIR) / "cases")) {
    const auto expected = json::parse(test::read_file(folder.path() / "expected.json"));
    const auto got = run(folder.path());
    if (expected.contains("error"))
      EXPECT_NE(got.value("error", "").find(expected["error"].get<std::string>()), std::string::npos)
          << folder.path() << got;
    else
      EXPECT_EQ(got, expected) << folder.path();
    ++count;
  }
  EXPECT_GE(count, 12);
}

TEST(Mapping, AFilterThatDoesNotMatchGivesNothing) {
  const auto options =
      parse_options(test::complete({{"host", "b"}, {"subscribe", {{{"topic", "a/+"}, {"thing", "x"}}}}}));
  Payload payload("1");
  EXPECT_FALSE(map(options.subscribe[0], "b/1", payload, arrival));
}

}  // namespace
}  // namespace mqtt
