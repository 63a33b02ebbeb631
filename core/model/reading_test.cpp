#include "model/reading.h"

#include <gtest/gtest.h>

#include <limits>

namespace myriad::model {
namespace {

Reading number(double v) {
  Reading r{};
  r.point = 1;
  r.type = MYRIAD_F64;
  r.value.f64 = v;
  return r;
}

TEST(Reading, CheckNamesTheRuleThatIsBroken) {
  struct Case {
    const char* name;
    Reading reading;
    bool ok;
  };
  auto with = [](auto change) {
    Reading r = number(1);
    change(r);
    return r;
  };
  const Case cases[] = {
      {"plain", number(1.5), true},
      {"nan", number(std::numeric_limits<double>::quiet_NaN()), false},
      {"infinity", number(std::numeric_limits<double>::infinity()), false},
      {"before 1970", with([](Reading& r) { r.time_ns = -1; }), false},
      {"no point", with([](Reading& r) { r.point = 0; }), false},
      {"unknown point", with([](Reading& r) { r.point = 2; }), false},
      {"unknown type", with([](Reading& r) { r.type = 99; }), false},
      {"unknown quality", with([](Reading& r) { r.quality = 4; }), false},
      {"bool of 2", with([](Reading& r) {
         r.type = MYRIAD_BOOL;
         r.value.i64 = 2;
       }),
       false},
      {"text in the blob", with([](Reading& r) {
         r.type = MYRIAD_TEXT;
         r.value.blob = {1, 2};
       }),
       true},
      {"text past the blob", with([](Reading& r) {
         r.type = MYRIAD_TEXT;
         r.value.blob = {1, 3};
       }),
       false},
      {"text wrapping round", with([](Reading& r) {
         r.type = MYRIAD_TEXT;
         r.value.blob = {UINT32_MAX, 2};
       }),
       false},
  };
  const std::uint8_t blob[3] = {'a', 'b', 'c'};
  for (const auto& c : cases) EXPECT_EQ(bool(check({{&c.reading, 1}, blob}, 1)), c.ok) << c.name;
}

TEST(Reading, AppendingKeepsText) {
  Batch one;
  Reading r{};
  r.type = MYRIAD_TEXT;
  r.value.blob = {0, 2};
  one.readings = {r};
  one.blob = {'h', 'i'};

  Batch all;
  all.append(one.view());
  all.append(one.view());
  all.append(one.view(), one.readings[0]);
  ASSERT_EQ(all.readings.size(), 3u);
  for (const auto& each : all.readings) EXPECT_EQ(all.view().text(each), "hi");
  EXPECT_EQ(all.readings[2].value.blob.offset, 4u);
}

TEST(Reading, QualitiesHaveNames) {
  for (const auto* name : {"good", "uncertain", "bad", "stale"}) EXPECT_EQ(quality_name(*parse_quality(name)), name);
  EXPECT_FALSE(parse_quality("fine"));
}

}  // namespace
}  // namespace myriad::model
