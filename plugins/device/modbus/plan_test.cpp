#include "plan.h"

#include <gtest/gtest.h>

#include <string>

namespace modbus {
namespace {

constexpr auto coil = Table::coil, holding = Table::holding, input = Table::input;

// "unit:table:address+count ..." of a plan.
std::string shown(const std::vector<Request>& requests) {
  std::string out;
  for (const auto& r : requests) {
    if (!out.empty()) out += ' ';
    out += std::to_string(r.unit) + ":" + "cdhi"[static_cast<int>(r.table)] + ":" + std::to_string(r.address) + "+" +
           std::to_string(r.count);
  }
  return out;
}

std::vector<Place> row(Table table, unsigned address, unsigned n, std::uint16_t width = 1) {
  std::vector<Place> out;
  for (unsigned i = 0; i < n; ++i) out.push_back({1, table, static_cast<std::uint16_t>(address + i * width), width});
  return out;
}

TEST(Plan, MergesIntoFewRequests) {
  const struct {
    const char* name;
    std::vector<Place> places;
    Limits limits;
    const char* requests;
  } cases[] = {
      {"nothing", {}, {}, ""},
      {"one", {{1, holding, 7, 2}}, {}, "1:h:7+2"},
      {"neighbours", {{1, holding, 0, 1}, {1, holding, 1, 2}}, {}, "1:h:0+3"},
      {"out of order", {{1, holding, 5, 1}, {1, holding, 4, 1}}, {}, "1:h:4+2"},
      {"a gap of 2 is allowed", {{1, holding, 0, 1}, {1, holding, 3, 1}}, {.max_gap = 2}, "1:h:0+4"},
      {"a gap of 3 is not", {{1, holding, 0, 1}, {1, holding, 4, 1}}, {.max_gap = 2}, "1:h:0+1 1:h:4+1"},
      {"125 registers", row(holding, 0, 125), {}, "1:h:0+125"},
      {"126 registers", row(holding, 0, 126), {}, "1:h:0+125 1:h:125+1"},
      {"a value never breaks in two", row(holding, 0, 63, 2), {}, "1:h:0+124 1:h:124+2"},
      {"2000 bits", row(coil, 0, 2000), {}, "1:c:0+2000"},
      {"2001 bits", row(coil, 0, 2001), {}, "1:c:0+2000 1:c:2000+1"},
      {"10,000 registers", row(input, 0, 250), {.registers = 100}, "1:i:0+100 1:i:100+100 1:i:200+50"},
      {"tables apart", {{1, holding, 0, 1}, {1, input, 1, 1}, {1, coil, 2, 1}}, {}, "1:c:2+1 1:h:0+1 1:i:1+1"},
      {"units apart", {{2, holding, 0, 1}, {1, holding, 1, 1}, {2, holding, 1, 1}}, {}, "1:h:1+1 2:h:0+2"},
      {"one place twice", {{1, holding, 3, 1}, {1, holding, 3, 1}}, {}, "1:h:3+1"},
      {"overlap", {{1, holding, 0, 4}, {1, holding, 1, 1}, {1, holding, 4, 1}}, {}, "1:h:0+5"},
      {"last address", {{1, holding, 65535, 1}, {1, holding, 65534, 1}}, {.max_gap = 100}, "1:h:65534+2"},
  };
  for (const auto& c : cases) EXPECT_EQ(shown(make_plan(c.places, c.limits).requests), c.requests) << c.name;
}

TEST(Plan, EverySlotLiesWhereItsRequestLands) {
  const std::vector<Place> places = {{2, holding, 10, 2}, {1, holding, 3, 1}, {1, coil, 9, 1},
                                     {1, holding, 0, 2},  {1, coil, 4, 1},    {2, holding, 500, 1}};
  const Plan plan = make_plan(places, {.max_gap = 8});
  EXPECT_EQ(plan.registers, 4u + 2u + 1u);
  EXPECT_EQ(plan.bits, 6u);
  for (const auto& request : plan.requests)
    for (auto i = request.first; i < request.last; ++i) {
      const auto& slot = plan.slots[i];
      EXPECT_EQ(slot.address, places[slot.place].address);
      EXPECT_EQ(slot.image - request.image, unsigned{slot.address} - request.address);
    }
}

TEST(Plan, SplitsAtGapsThenInHalves) {
  const struct {
    const char* name;
    std::vector<Place> places;
    const char* parts;
  } cases[] = {
      {"one place", {{1, holding, 7, 2}}, ""},
      {"one address", {{1, holding, 7, 1}, {1, holding, 7, 1}}, ""},
      {"one gap", {{1, holding, 0, 1}, {1, holding, 3, 1}}, "1:h:0+1 1:h:3+1"},
      {"gaps",
       {{1, holding, 0, 1}, {1, holding, 1, 1}, {1, holding, 3, 1}, {1, holding, 9, 1}},
       "1:h:0+2 1:h:3+1 1:h:9+1"},
      {"halves", row(holding, 10, 4), "1:h:10+2 1:h:12+2"},
      {"odd", row(holding, 10, 3), "1:h:10+1 1:h:11+2"},
      {"address shared at the middle", {{1, holding, 0, 1}, {1, holding, 1, 1}, {1, holding, 1, 1}}, "1:h:0+1 1:h:1+1"},
      {"overlap", {{1, holding, 0, 4}, {1, holding, 1, 1}}, "1:h:0+4 1:h:1+1"},
  };
  for (const auto& c : cases) {
    const Plan plan = make_plan(c.places, {.max_gap = 100});
    ASSERT_EQ(plan.requests.size(), 1u) << c.name;
    EXPECT_EQ(shown(split(plan.requests[0], plan.slots)), c.parts) << c.name;
  }
}

TEST(Plan, SplittingMovesNothingInTheImage) {
  const Plan plan =
      make_plan(std::vector<Place>{{1, holding, 0, 1}, {1, holding, 50, 2}, {1, holding, 200, 1}}, {.max_gap = 60});
  ASSERT_EQ(plan.requests.size(), 2u);
  const auto parts = split(plan.requests[0], plan.slots);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].image, plan.slots[0].image);
  EXPECT_EQ(parts[1].image, plan.slots[1].image);
  EXPECT_EQ(parts[1].first, 1u);
  EXPECT_EQ(parts[1].last, 2u);
}

}  // namespace
}  // namespace modbus
