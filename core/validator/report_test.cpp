#include "validator/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "validator/judge.h"

namespace myriad::validator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Report sample() {
  return {"meter",
          "1.2.0",
          {{"manifest", "it is valid", Verdict::ok, "a note", "", 1.5, false},
           {"threads", "it leaves none behind", Verdict::warn, "one\ntwo", "mend it", 2, false},
           {"leaks", "nothing grows", Verdict::fail, "\xff grows", "free it", 3, false},
           {"flow", "it takes readings", Verdict::skipped, "not made", "", 0, false}}};
}

TEST(Report, IsReadByPeople) {
  const auto text = to_text(sample(), false);
  EXPECT_THAT(text, HasSubstr("ok      manifest    it is valid\nwarn    threads     it leaves none behind\n"));
  EXPECT_THAT(text, HasSubstr("        one\n        two\n        → mend it\n"));
  EXPECT_THAT(text, HasSubstr("\nmeter 1.2.0 fails: 1 ok, 1 warn, 1 fail, 1 skipped\n"));
  EXPECT_THAT(text, Not(HasSubstr("a note")));
  EXPECT_THAT(text, Not(HasSubstr("\033")));
  EXPECT_THAT(to_text(sample(), true), HasSubstr("\033[32mok      \033[0mmanifest"));
}

TEST(Report, IsReadByPrograms) {
  const auto json = nlohmann::json::parse(to_json(sample()));
  EXPECT_EQ(json["plugin"], "meter");
  EXPECT_EQ(json["version"], "1.2.0");
  EXPECT_EQ(json["checks"][1]["result"], "warn");
  EXPECT_EQ(json["checks"][1]["detail"], "one\ntwo");
  EXPECT_EQ(json["checks"][1]["mend"], "mend it");
  EXPECT_EQ(json["checks"][0]["ms"], 1.5);
  EXPECT_EQ(json["summary"], (nlohmann::json{{"ok", 1}, {"warn", 1}, {"fail", 1}, {"skipped", 1}}));
}

TEST(Report, PassesWithWarnings) {
  auto report = sample();
  EXPECT_FALSE(report.passed());
  report.checks.erase(report.checks.begin() + 2);
  EXPECT_TRUE(report.passed());
  EXPECT_EQ(report.find("leaks"), nullptr);
}

// A child's words, as the parent finds them: it may have been interrupted, or the plugin may have written there, too.
TEST(Judge, ReadsWhatAChildSaid) {
  struct Case {
    const char *name, *said, *last_call;
    bool finished;
    Verdict verdict;
  };
  for (
      const Case& c : std::vector<Case>{
          {"nothing", "", "", false, Verdict::ok},
          {"a call", "Cin poll()\n", "in poll()", false, Verdict::ok},
          {"half a line", "Cin poll()\nCafter po", "in poll()", false, Verdict::ok},
          {"the end", "Cin poll()\nE{\"blocks\":false,\"findings\":[]}\n", "in poll()", true, Verdict::ok},
          {"a failure",
           R"(E{"blocks":true,"findings":[{"verdict":1,"detail":"w","mend":""},{"verdict":2,"detail":"f","mend":"m"}]})"
           "\n",
           "", true, Verdict::fail},
          {"no JSON", "Ehello\n", "", false, Verdict::ok},
          {"other JSON", "E{\"findings\":7}\n", "", false, Verdict::ok},
          {"JSON of other types", "E{\"blocks\":false,\"findings\":[{\"verdict\":\"x\"}]}\n", "", false,
           Verdict::ok}}) {
    CheckResult check;
    EXPECT_EQ(Judge::read(c.said, check), c.finished) << c.name;
    EXPECT_EQ(check.verdict, c.verdict) << c.name;
    EXPECT_EQ(Judge::last_call(c.said), c.last_call) << c.name;
  }
}

}  // namespace
}  // namespace myriad::validator
