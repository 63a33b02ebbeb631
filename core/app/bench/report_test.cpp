#include "app/bench/report.h"

#include <gtest/gtest.h>

namespace myriad::app::bench {
namespace {

TEST(Report, IsOneObjectForPrograms) {
  Report report;
  report.add("file_system", "ext4", "file system");
  report.add("readings", 20'000'000, "", "readings stored");
  report.add("cpu_us_per_reading", 0.123456, "us", "CPU");
  report.add("only_for_programs", -0.5, "", "");
  EXPECT_EQ(report.json(),
            R"({"file_system":"ext4","readings":20000000,"cpu_us_per_reading":0.1235,"only_for_programs":-0.5})");
}

TEST(Report, IsATableForPeople) {
  struct Case {
    double value;
    const char* shown;
  };
  for (const auto& c : {Case{0, " 0.000 "}, Case{0.12345, " 0.123 "}, Case{1.5, " 1.50 "}, Case{99.96, " 100.0 "},
                        Case{999.4, " 999.4 "}, Case{1'234'567.8, " 1,234,568 "}, Case{-1'234, " -1,234 "},
                        Case{-123'456, " -123,456 "}}) {
    Report report;
    report.add("key", c.value, "unit", "what");
    EXPECT_NE(report.text().find(c.shown), std::string::npos) << report.text();
    EXPECT_EQ(report.text().find("key"), std::string::npos);
  }
  Report hidden;
  hidden.add("key", 1, "", "");
  EXPECT_EQ(hidden.text(), "");
}

}  // namespace
}  // namespace myriad::app::bench
