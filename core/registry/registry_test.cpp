#include "registry/registry.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/temp_dir.h"

namespace myriad::registry {
namespace {

using nlohmann::json;

class RegistryTest : public testing::Test {
 protected:
  void reopen() {
    registry.reset();
    auto opened = Registry::open(dir / "registry.db");
    ASSERT_TRUE(opened) << opened.error().message;
    registry = std::move(*opened);
  }
  void SetUp() override { reopen(); }

  const TempDir dir;
  std::unique_ptr<Registry> registry;
  const json meter = json::parse(
      R"({"properties":{"voltage":{"type":"number","unit":"V","readOnly":true},"relay":{"type":"boolean"}}})");
};

// Whatever page is damaged: the registry opens, and most of it is there.
TEST_F(RegistryTest, GoesOnWithWhatCanBeReadOfADamagedFile) {
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(registry->create_thing("thing" + std::to_string(i), meter));
  const auto version = registry->create_instance({"out", "mqtt", R"({"a":1})", true, 0})->version;
  registry.reset();
  const auto file = dir / "registry.db", good = dir / "good.db";
  std::filesystem::copy_file(file, good);
  const auto pages = std::filesystem::file_size(file) / 4'096;
  std::size_t kept = 0;
  for (std::uintmax_t page = 0; page < pages; ++page) {
    SCOPED_TRACE(page);
    std::filesystem::copy_file(good, file, std::filesystem::copy_options::overwrite_existing);
    {
      std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
      bytes.seekp(static_cast<std::streamoff>(page * 4'096));
      bytes << std::string(4'096, '\x5a');
    }
    std::vector<std::string> said;
    auto opened = Registry::open(file, [&](const std::string& what) { said.push_back(what); });
    ASSERT_TRUE(opened) << opened.error().message;
    kept += (*opened)->thing_count();
    if ((*opened)->thing_count() < 60) {
      EXPECT_EQ(said.size(), 1u);
    }
    const auto made = (*opened)->create_thing("fresh", meter);
    ASSERT_TRUE(made) << made.error().message;
    if (page > 0 && (*opened)->instance("out")) {
      EXPECT_GT(made->version, version);
    }
  }
  EXPECT_GE(kept, 60 * (pages - 3));
}

TEST_F(RegistryTest, ThingsAreFoundByNameAndId) {
  const auto made = registry->create_thing("meter", meter);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(registry->thing("meter")->td, made->td);
  EXPECT_EQ(registry->thing(made->id)->name, "meter");
  EXPECT_EQ(registry->thing("other").error().code, Code::not_found);
  EXPECT_EQ(registry->create_thing("meter", meter).error().code, Code::exists);
  EXPECT_EQ(registry->create_thing("no slug", meter).error().field, "/name");
  EXPECT_EQ(registry->create_thing("bad", json::parse(R"({"properties":7})")).error().field, "/properties");
}

TEST_F(RegistryTest, ChangesNeedTheVersionTheyWereBasedOn) {
  const auto first = *registry->create_thing("meter", meter);
  const auto second = registry->patch_thing("meter", json::parse(R"({"title":"Main meter"})"), first.version);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_GT(second->version, first.version);
  EXPECT_EQ(second->id, first.id);
  EXPECT_EQ(registry->patch_thing("meter", json::object(), first.version).error().code, Code::conflict);
  EXPECT_EQ(registry->remove_thing("meter", first.version).error().code, Code::conflict);
  EXPECT_TRUE(registry->remove_thing("meter", second->version));
  EXPECT_GT(registry->create_thing("meter", meter)->version, second->version) << "an old ETag must not fit a new Thing";
}

TEST_F(RegistryTest, ARefusedChangeLeavesNothingBehind) {
  const auto before = *registry->create_thing("meter", meter);
  EXPECT_FALSE(
      registry->patch_thing("meter", json::parse(R"({"properties":{"voltage":{"type":"volts"}}})"), std::nullopt));
  EXPECT_EQ(registry->thing("meter")->td, before.td);
  EXPECT_EQ(registry->property("meter/voltage")->type, "number");
}

TEST_F(RegistryTest, DescribingTwiceChangesNothing) {
  const auto first = registry->describe_thing("meter", meter, "link");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(registry->describe_thing("meter", meter, "link")->version, first->version);
  const auto property = registry->property("meter/voltage");
  ASSERT_TRUE(property);
  EXPECT_EQ(property->unit, "V");
  EXPECT_TRUE(property->read_only);
  EXPECT_EQ(property->owner, "link");
  EXPECT_EQ(registry->things_of("link"), std::vector<std::string>{"meter"});
  EXPECT_EQ(registry->owners("meter"), std::vector<std::string>{"link"});
}

TEST_F(RegistryTest, OwnershipIsOfOneProperty) {
  ASSERT_TRUE(registry->create_instance({"one", "modbus", "{}", true, 0}));
  ASSERT_TRUE(registry->create_instance({"two", "modbus", "{}", true, 0}));
  ASSERT_TRUE(registry->describe_thing("meter", meter, "one"));
  ASSERT_TRUE(registry->describe_thing("meter", json::parse(R"({"properties":{"alert":{"type":"boolean"}}})"), "two"));
  EXPECT_EQ(registry->property("meter/voltage")->owner, "one");
  EXPECT_EQ(registry->property("meter/alert")->owner, "two");
}

TEST_F(RegistryTest, NobodyTakesWhatAnotherServes) {
  ASSERT_TRUE(registry->create_instance({"one", "modbus", "{}", true, 0}));
  ASSERT_TRUE(registry->create_instance({"two", "modbus", "{}", true, 0}));
  ASSERT_TRUE(registry->describe_thing("meter", meter, "one"));
  const auto before = registry->thing("meter")->td;
  for (const auto* part : {R"({"properties":{"voltage":{"type":"number"}}})", R"({"properties":{"voltage":null}})",
                           R"({"properties":null})"}) {
    const auto taken = registry->describe_thing("meter", json::parse(part), "two");
    ASSERT_FALSE(taken) << part;
    EXPECT_EQ(taken.error().code, Code::denied);
    EXPECT_EQ(taken.error().field, "/properties/voltage");
    EXPECT_NE(taken.error().message.find("belongs to instance 'one'"), std::string::npos);
  }
  EXPECT_EQ(registry->thing("meter")->td, before);
}

TEST_F(RegistryTest, WhatADisabledInstanceServedCanBeTaken) {
  ASSERT_TRUE(registry->create_instance({"one", "modbus", "{}", false, 0}));
  ASSERT_TRUE(registry->describe_thing("meter", meter, "one"));
  ASSERT_TRUE(registry->describe_thing("meter", meter, "two"));
  EXPECT_EQ(registry->property("meter/voltage")->owner, "two");
}

TEST_F(RegistryTest, AnotherConfigurationFreesWhatItServed) {
  ASSERT_TRUE(registry->create_instance({"one", "modbus", R"({"thing":"meter"})", true, 0}));
  ASSERT_TRUE(registry->describe_thing("meter", meter, "one"));
  ASSERT_TRUE(registry->replace_instance({"one", "modbus", R"({"thing":"meter"})", true, 0, "1.2.0"}, std::nullopt));
  EXPECT_EQ(registry->property("meter/voltage")->owner, "one") << "of the same configuration";
  ASSERT_TRUE(registry->replace_instance({"one", "modbus", R"({"thing":"other"})", true, 0}, std::nullopt));
  EXPECT_EQ(registry->property("meter/voltage")->owner, "");
}

TEST_F(RegistryTest, RemovingAnInstanceFreesItsThingsAndState) {
  ASSERT_TRUE(registry->create_instance({"link", "modbus", "{}", true, 0}));
  ASSERT_TRUE(registry->describe_thing("meter", meter, "link"));
  ASSERT_TRUE(registry->put("instance/link", "key", "value"));
  ASSERT_TRUE(registry->remove_instance("link", std::nullopt));
  EXPECT_EQ(registry->property("meter/voltage")->owner, "");
  EXPECT_FALSE(registry->get("instance/link", "key"));
  EXPECT_EQ(registry->instance("link").error().code, Code::not_found);
}

TEST_F(RegistryTest, SurvivesRestart) {
  ASSERT_TRUE(registry->create_instance(
      {"link", "modbus", R"({"host":"h"})", false, 0, "1.2.0", "process", R"({"memory_mb":64})"}));
  ASSERT_TRUE(registry->describe_thing("meter", meter, "link"));
  ASSERT_TRUE(registry->put("instance/link", "session", std::string("\0\1x", 3)));
  ASSERT_TRUE(registry->record_event({0, "meter", "trip", R"({"a":1})", 5}));
  reopen();
  EXPECT_EQ(registry->instance("link")->config, R"({"host":"h"})");
  EXPECT_EQ(registry->instance("link")->plugin_version, "1.2.0");
  EXPECT_EQ(registry->instance("link")->isolation, "process");
  EXPECT_EQ(registry->instance("link")->quota, R"({"memory_mb":64})");
  EXPECT_FALSE(registry->instance("link")->enabled);
  EXPECT_EQ(registry->property("meter/voltage")->owner, "link");
  EXPECT_EQ(registry->get("instance/link", "session"), std::string("\0\1x", 3));
  ASSERT_EQ(registry->events("meter", "", 10).items.size(), 1u);
}

TEST_F(RegistryTest, PagesThingsBySearch) {
  for (const char* name : {"lamp-1", "lamp-2", "lamp-3", "pump", "a_b"}) {
    ASSERT_TRUE(registry->create_thing(name, json::object())) << name;
  }
  ASSERT_TRUE(registry->create_thing("x", json{{"title", "A lamp in the park"}}));
  const auto page = registry->things("lamp", "", 3);
  EXPECT_EQ(page.items.size(), 3u);
  EXPECT_EQ(page.next, "lamp-3");
  const auto rest = registry->things("lamp", page.next, 3);
  ASSERT_EQ(rest.items.size(), 1u);
  EXPECT_EQ(rest.items[0].name, "x");
  EXPECT_EQ(rest.next, "");
  EXPECT_EQ(registry->things("_", "", 10).items.size(), 1u) << "a search is no pattern";
}

TEST_F(RegistryTest, EventsComeNewestFirst) {
  int heard = 0;
  const auto handle = registry->on_event([&](const Event&) { ++heard; });
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(registry->record_event({0, i % 2 ? "odd" : "even", "tick", "", i}));
  EXPECT_EQ(heard, 5);
  const auto page = registry->events("odd", "", 2);
  ASSERT_EQ(page.items.size(), 2u);
  EXPECT_EQ(page.items[0].time, 5);
  EXPECT_EQ(registry->events("odd", page.next, 2).items[0].time, 1);
  EXPECT_EQ(registry->events("", "", 10).items.size(), 5u);
}

}  // namespace
}  // namespace myriad::registry
