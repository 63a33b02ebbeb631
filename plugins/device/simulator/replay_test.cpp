#include "replay.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "test_support.h"

namespace simulator {
namespace {

using nlohmann::json;

const std::string nab = std::string(PLUGIN_DIR) + "/../../../tests/data/nab/machine_temperature_system_failure.csv";
constexpr std::int64_t recorded_begin = 1'386'018'900 * second_ns;  // 2013-12-02T21:15:00Z
constexpr std::int64_t recorded_end = 1'392'823'500 * second_ns;    // 2014-02-19T15:25:00Z

TEST(ReplayTime, ReadsWhatRecordersWrite) {
  struct Case {
    const char* text;
    int offset;
    std::int64_t expected;
  };
  const Case cases[] = {
      {"2013-12-02 21:15:00", 0, recorded_begin},
      {"2013-12-02T21:15:00", 60, recorded_begin - 3600 * second_ns},
      {"2013-12-02T21:15:00Z", 60, recorded_begin},
      {"2013-12-02T22:15:00+01:00", 0, recorded_begin},
      {"2013-12-02T15:45:00-05:30", 0, recorded_begin},
      {"2013-12-02 21:15:00.250", 0, recorded_begin + 250'000'000},
      {" 2013-12-02 21:15:00 ", 0, recorded_begin},
      {"1386018900", 0, recorded_begin},
      {"1386018900.5", 0, recorded_begin + 500'000'000},
      {"1386018900000", 0, recorded_begin},
      {"1386018900000000", 0, recorded_begin},
      {"1386018900000000001", 0, recorded_begin + 1},
      {"9223372035000000000", 0, INT64_C(9223372035000000000)},
      {"0", 0, 0},
  };
  for (const auto& c : cases) {
    const auto time = parse_time(c.text, c.offset);
    ASSERT_TRUE(time) << c.text;
    EXPECT_EQ(*time, c.expected) << c.text;
  }
}

TEST(ReplayTime, RefusesTheRest) {
  for (const char* text :
       {"", "yesterday", "2013-12-02", "2013-13-02 00:00:00", "2013-02-30 00:00:00", "2013-12-02 24:00:00",
        "2013-12-02 21:15:00.", "2013-12-02 21:15:00+1", "2013-12-02 21:15:00 Europe/Paris", "1969-12-31 23:59:59",
        "2262-05-01 00:00:00", "-1", "1e9", "9223372036854775807", "99999999999999999999", "12:00",
        "20 3-12-02 21:15:00", "1386018900.x"})
    EXPECT_FALSE(parse_time(text, 0)) << text;
  EXPECT_FALSE(parse_time("1970-01-01 00:30:00", 60)) << "before 1970 once the offset is taken off";
}

TEST(ReplayCell, HasTheColumnsType) {
  EXPECT_EQ(parse_cell(Type::number, " 1.5 "), Cell(1.5));
  EXPECT_EQ(parse_cell(Type::number, "-2e3"), Cell(-2000.0));
  EXPECT_EQ(parse_cell(Type::integer, "-7"), Cell(std::int64_t{-7}));
  EXPECT_EQ(parse_cell(Type::boolean, "true"), Cell(true));
  EXPECT_EQ(parse_cell(Type::boolean, "0"), Cell(false));
  EXPECT_EQ(parse_cell(Type::text, "on, off"), Cell(std::string("on, off")));
  for (const Type type : {Type::number, Type::integer, Type::boolean, Type::text})
    EXPECT_EQ(parse_cell(type, ""), Cell()) << "an empty cell is no error";
  for (const char* text : {"nan", "inf", "-Infinity", "1e999", "1.5V", "0x10", "1,5", "n/a"})
    EXPECT_FALSE(parse_cell(Type::number, text)) << text;
  EXPECT_FALSE(parse_cell(Type::integer, "1.5"));
  EXPECT_FALSE(parse_cell(Type::integer, "9223372036854775808"));
  EXPECT_FALSE(parse_cell(Type::boolean, "yes"));
}

ReplayConfig two_columns() {
  return {"x.csv", "it", "t", {{"a", "pa", "", Type::number}, {"b", "pb", "", Type::boolean}}, 0, false, true, 0};
}

TEST(Recording, LeavesOutWhatItCannotReadAndSaysWhere) {
  std::istringstream in(
      "b,t,a,other\r\n"
      "1,100,1.5,x\r\n"
      ",101,2.5,x\r\n"
      "1,soon,3.5,x\r\n"
      "1,102\r\n"
      "maybe,103,4.5,x\r\n"
      "\"1\"x,104,5,x\r\n"
      "0,105,,x\r\n");
  std::vector<std::string> bad;
  const auto config = two_columns();
  Recording recording(in, config, [&](const std::string& what) { bad.push_back(what); });
  std::vector<std::int64_t> seconds;
  std::vector<std::vector<Cell>> cells;
  for (Recording::Row row; recording.next(row);) {
    seconds.push_back(row.time_ns / second_ns);
    cells.push_back(row.cells);
  }
  EXPECT_EQ(seconds, (std::vector<std::int64_t>{100, 101, 103, 105}));
  EXPECT_EQ(cells, (std::vector<std::vector<Cell>>{{1.5, true}, {2.5, Cell()}, {4.5, Cell()}, {Cell(), false}}));
  ASSERT_EQ(bad.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(bad[i].substr(0, 7), "line " + std::to_string(4 + i) + ":") << bad[i];
}

TEST(Recording, NamesAMissingColumn) {
  const auto config = two_columns();
  const auto open = [&](const char* text) {
    std::istringstream in(text);
    const Recording recording(in, config, [](const std::string&) {});
  };
  EXPECT_EQ(outcome([&] { open("t,a\n"); }).second, "'x.csv' has no column 'b': it has t, a");
  EXPECT_NE(outcome([&] { open(""); }).second.find("no header row"), std::string::npos);
}

json nab_config(double speed, const char* time) {
  return {{"replay",
           {{"file", nab},
            {"thing", "machine"},
            {"columns", {{"value", {{"property", "temperature"}, {"unit", "degF"}}}}},
            {"speed", speed},
            {"time", time}}}};
}

TEST(Replay, PlaysARealRecordingWhole) {
  myriad::TestHost host;
  auto plugin = make(host, nab_config(0, "original"));
  plugin.start();
  ASSERT_TRUE(host.wait([](const auto& seen) { return seen.size() == 22'695; }));
  plugin.stop();
  const auto seen = host.seen();
  EXPECT_EQ(seen.front().point, "machine/temperature");
  EXPECT_EQ(seen.front().reading.time_ns, recorded_begin);
  EXPECT_EQ(seen.front().reading.value.f64, 73.96732207);
  EXPECT_EQ(seen[1].reading.value.f64, 74.93588199999998);
  EXPECT_EQ(seen.back().reading.time_ns, recorded_end);
  EXPECT_EQ(seen.back().reading.value.f64, 96.90386085);
  double lowest = 1e9, highest = 0;
  for (const auto& s : seen) {
    lowest = std::min(lowest, s.reading.value.f64);
    highest = std::max(highest, s.reading.value.f64);
  }
  EXPECT_NEAR(lowest, 2.084721206, 1e-9);
  EXPECT_NEAR(highest, 108.5105428, 1e-9);
  EXPECT_EQ(host.things().at("machine").at("properties").at("temperature").at("unit"), "degF");
}

TEST(Replay, MovesTimesToTheTimeOfPlaying) {
  myriad::TestHost host;
  constexpr std::int64_t start = 1'800'000'000 * second_ns;
  host.set_now(start);
  auto plugin = make(host, nab_config(300, "now"));
  plugin.start();
  // Five recorded minutes take a second: nothing but the first row is due until the clock moves.
  ASSERT_TRUE(host.wait([](const auto& seen) { return seen.size() == 1; }));
  EXPECT_EQ(host.seen()[0].reading.time_ns, start);
  host.set_now(start + 10 * second_ns);
  ASSERT_TRUE(host.wait([](const auto& seen) { return seen.size() == 11; }));
  EXPECT_EQ(host.seen()[10].reading.time_ns, start + 10 * second_ns);
}

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    std::string name = (std::filesystem::temp_directory_path() / "replay-XXXXXX").string();
    const int fd = mkstemp(name.data());
    if (fd >= 0) close(fd);
    path_ = name;
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(Replay, LoopsWithTimesThatOnlyGrow) {
  const TemporaryFile file("timestamp,value\n10,1\n11,2\n12,3\n");
  myriad::TestHost host;
  json config = nab_config(0, "now");
  config["replay"]["file"] = file.path();
  config["replay"]["loop"] = true;
  auto plugin = make(host, config);
  plugin.start();
  ASSERT_TRUE(host.wait([](const auto& seen) { return seen.size() >= 30; }));
  plugin.stop();
  const auto seen = host.seen();
  for (std::size_t i = 1; i < seen.size(); ++i) {
    ASSERT_GT(seen[i].reading.time_ns, seen[i - 1].reading.time_ns);
    ASSERT_EQ(seen[i].reading.value.f64, static_cast<double>(i % 3 + 1));
  }
}

TEST(Replay, ALoopOverNothingEnds) {
  const TemporaryFile file("timestamp,value\nnever,1\n");
  myriad::TestHost host;
  json config = nab_config(0, "now");
  config["replay"]["file"] = file.path();
  config["replay"]["loop"] = true;
  auto plugin = make(host, config);
  plugin.start();
  while (host.logs().size() < 2) std::this_thread::yield();
  EXPECT_NE(host.logs()[0].find("line 2: 'never' is no time"), std::string::npos) << host.logs()[0];
  EXPECT_NE(host.logs()[1].find("0 readings, 1 bad"), std::string::npos) << host.logs()[1];
  EXPECT_TRUE(host.seen().empty());
}

TEST(Replay, WaitsWhileTheQueueIsFullAndLosesNothing) {
  myriad::TestHost host;
  host.answer_publish(MYRIAD_E_AGAIN);
  auto plugin = make(host, nab_config(0, "original"));
  plugin.start();
  host.answer_publish(MYRIAD_OK);
  EXPECT_TRUE(host.wait([](const auto& seen) { return seen.size() == 22'695; }));
}

TEST(Replay, SaysWhatIsWrongBeforeItPlays) {
  struct Case {
    const char* name;
    json patch;
    myriad_status status;
    const char* message;
  };
  const Case cases[] = {
      {"no file", {{"file", "/nowhere/x.csv"}}, MYRIAD_E_UNAVAILABLE, "cannot open '/nowhere/x.csv'"},
      {"no time column", {{"time_column", "when"}}, MYRIAD_E_INVALID, "has no column 'when': it has timestamp, value"},
      {"no columns", {{"columns", nullptr}}, MYRIAD_E_INVALID, "/replay: columns: name at least one"},
      {"loop of original times", {{"loop", true}}, MYRIAD_E_INVALID, "set time to now"},
      {"columns of unknown type",
       {{"columns", {{"value", {{"type", "date"}}}}}},
       MYRIAD_E_INVALID,
       "/replay/columns/value/type: 'date'"},
  };
  for (const auto& c : cases) {
    myriad::TestHost host;
    json config = nab_config(0, "original");
    config["replay"].merge_patch(c.patch);
    const auto [status, message] = outcome([&] { make(host, config).start(); });
    EXPECT_EQ(status, c.status) << c.name;
    EXPECT_NE(message.find(c.message), std::string::npos) << c.name << ": " << message;
  }
}

}  // namespace
}  // namespace simulator
