// GET /history: what it refuses, downloads, and what a client costs that stops reading.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <nlohmann/json.hpp>

#include "api/history_download.h"
#include "api/test_site.h"
#include "base/time_text.h"
#include "historian/aggregate.h"

namespace myriad::api {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr Nanos second = 1'000'000'000;

class HistoryTest : public ApiTest {
 protected:
  // One reading a second from 2026-03-01 on, in lines.
  static void ingest_ramp(const std::string& point, int readings) {
    const Nanos start = *parse_time("2026-03-01T00:00:00Z");
    std::string lines;
    for (int i = 0; i < readings; ++i)
      lines += R"({"point":")" + point + R"(","value":)" + std::to_string(i) + R"(,"time":")" +
               format_time(start + i * second) + "\"}\n";
    const auto answer = site().post("/api/v1/readings", lines, {{"Content-Type", "application/x-ndjson"}});
    ASSERT_EQ(answer.body["accepted"], readings) << answer.text;
    ASSERT_TRUE(site().parts().historian.wait(answer.body["sequence"].get<std::uint64_t>() + 1,
                                              std::chrono::steady_clock::now() + 10s));
  }
  static Answer history(const std::string& query, httplib::Headers fields = {}) {
    return site().get("/api/v1/history?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&" + query, std::move(fields));
  }
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

TEST_F(HistoryTest, RefusesBadQuestions) {
  struct Case {
    const char *query, *field;
  };
  const Case cases[] = {
      {"point=a*&format=xml", "format"},
      {"point=a*&format=csv&limit=0", "limit"},
  };
  for (const auto& c : cases) {
    const auto answer = history(c.query);
    EXPECT_EQ(answer.status, 400) << c.query << answer.text;
    EXPECT_EQ(answer.body["field"], c.field) << c.query << answer.text;
  }
}

// ---- Downloads

TEST_F(HistoryTest, DownloadsEverythingAsCsv) {
  ingest_ramp("csv/a", 12'000);
  ingest_ramp("csv/b", 3'000);
  const auto answer = history("point=csv/*&format=csv");
  ASSERT_EQ(answer.status, 200) << answer.text.substr(0, 500);
  EXPECT_TRUE(answer.field("Content-Type").starts_with("text/csv"));
  EXPECT_EQ(answer.field("Content-Disposition"), "attachment; filename=\"history.csv\"");
  EXPECT_TRUE(answer.text.starts_with("time,point,value,quality\r\n2026-03-01T00:00:00Z,csv/a,0,good\r\n"));
  EXPECT_TRUE(answer.text.ends_with("2026-03-01T00:49:59Z,csv/b,2999,good\r\n"));
  EXPECT_EQ(count(answer.text, "\r\n"), 15'001u);
  EXPECT_EQ(count(answer.text, "csv/a"), 12'000u);
  EXPECT_EQ(count(history("point=csv/*&format=csv&limit=12001").text, "\r\n"), 12'002u);

  const auto accepted = history("point=csv/b", {{"Accept", "text/csv, */*;q=0.1"}});
  EXPECT_EQ(accepted.field("Content-Disposition"), "attachment; filename=\"csv-b.csv\"");
  EXPECT_EQ(history("point=zz*&format=csv").text, "time,point,value,quality\r\n");
}

TEST_F(HistoryTest, QuotesInCsv) {
  ASSERT_EQ(ingest("quotes/text", "say \"a,b\"\nand go", "2026-03-01T00:00:00Z").status, 202);
  ASSERT_EQ(ingest("quotes/flag", true, "2026-03-01T00:00:00Z").status, 202);
  const auto last = ingest("quotes/object", json{{"a", 1}, {"b", 2}}, "2026-03-01T00:00:00Z");
  ASSERT_EQ(last.status, 202) << last.text;
  site().parts().historian.wait(last.body["sequence"].get<std::uint64_t>() + 1, std::chrono::steady_clock::now() + 5s);
  EXPECT_EQ(history("point=quotes/*&format=csv").text,
            "time,point,value,quality\r\n"
            "2026-03-01T00:00:00Z,quotes/flag,true,good\r\n"
            "2026-03-01T00:00:00Z,quotes/object,\"{\"\"a\"\":1,\"\"b\"\":2}\",good\r\n"
            "2026-03-01T00:00:00Z,quotes/text,\"say \"\"a,b\"\"\nand go\",good\r\n");
}

TEST_F(HistoryTest, ADownloadInLinesCanBePostedBack) {
  ingest_ramp("lines-down/a", 7'000);
  const auto answer = history("point=lines-down/*", {{"Accept", "application/x-ndjson"}});
  ASSERT_EQ(answer.field("Content-Type"), "application/x-ndjson");
  ASSERT_EQ(count(answer.text, "\n"), 7'000u);
  EXPECT_EQ(json::parse(answer.text.substr(0, answer.text.find('\n'))),
            json::parse(R"({"point":"lines-down/a","time":"2026-03-01T00:00:00Z","value":0,"quality":"good"})"));
  const auto back = site().post("/api/v1/readings", answer.text, {{"Content-Type", "application/x-ndjson"}});
  EXPECT_EQ(back.body["accepted"], 7'000) << back.text;
  EXPECT_EQ(back.body["refused"], 0);
  EXPECT_EQ(history("point=lines-down/*&format=ndjson").text, answer.text);
}

// ---- A client that stops reading, and a disk that fails

// Every point has a reading each second, for ever.
class EndlessHistory final : public historian::Historian {
 public:
  Result<std::vector<model::Sample>> query(std::string_view, historian::Range range, std::size_t limit) override {
    if (rows += limit; rows > fail_after) return Error{Code::internal, "the disk is gone"};
    std::vector<model::Sample> samples;
    for (std::size_t i = 0; i < limit; ++i)
      samples.push_back({range.from + static_cast<Nanos>(i) * second, 230.25, MYRIAD_GOOD});
    return samples;
  }
  Status for_each_latest(const std::function<void(std::string_view, const model::Sample&)>&) override { return {}; }
  bool wait(spine::Sequence, std::chrono::steady_clock::time_point) override { return true; }
  Result<std::vector<historian::Row>> aggregate(std::string_view, const historian::AggregateQuery&,
                                                std::size_t) override {
    return std::vector<historian::Row>{};
  }
  Result<std::uint64_t> remove(std::string_view, historian::Range) override { return std::uint64_t{0}; }
  std::vector<historian::RetentionRule> retention() const override { return {}; }
  Status set_retention(std::vector<historian::RetentionRule>) override { return {}; }
  std::vector<historian::Estimate> estimate(const std::vector<std::string>&) const override { return {}; }
  Result<std::vector<historian::Revision>> revisions(std::string_view, std::size_t) override {
    return std::vector<historian::Revision>{};
  }
  Status settle() override { return {}; }
  historian::Stats stats() const override { return {}; }
  void close() override {}

  std::atomic<std::size_t> rows{0};
  std::size_t fail_after = SIZE_MAX;
};

// The site's API over that history, on a port of its own.
class EndlessSite {
 public:
  explicit EndlessSite(TestSite& site) : site_(site), parts_(site.parts()), api_(with_history()) {
    server_ = must(edge::Server::start({}, api_, Log::none()));
  }
  ~EndlessSite() {
    api_.closing();
    server_->stop(0ms);
  }
  httplib::Client client() {
    httplib::Client client("127.0.0.1", server_->port());
    client.set_bearer_token_auth(token());
    client.set_read_timeout(10);
    return client;
  }
  EndlessHistory history;

 private:
  Parts with_history() {
    return {parts_.registry,  parts_.spine,    history,      parts_.bus,  parts_.points,  parts_.plugins,
            parts_.instances, parts_.security, parts_.clock, Log::none(), parts_.version, parts_.site};
  }
  std::string token() {
    const auto session =
        site_.bare("POST", "/api/v1/auth/login", json{{"username", "admin"}, {"password", test_password}}.dump());
    return session.body.value("token", "");
  }

  TestSite& site_;
  const Parts parts_;
  Api api_;
  std::unique_ptr<edge::Server> server_;
};

TEST_F(HistoryTest, AClientThatStopsReadingCostsLittleAndDelaysNobody) {
  ingest("endless/a", 1);
  EndlessSite endless(site());
  std::size_t before = 0, after = 0;
  auto neighbour_status = 0;
  auto client = endless.client();
  client.Get("/api/v1/history?point=endless/a&from=2026-03-01T00:00:00Z&format=csv", [&](const char*, std::size_t) {
    // Until the sockets are full and nothing more is read.
    do {
      before = endless.history.rows;
      std::this_thread::sleep_for(300ms);
      after = endless.history.rows;
    } while (before != after);
    auto neighbour = endless.client();
    if (const auto answer = neighbour.Get("/api/v1/system")) neighbour_status = answer->status;
    return false;
  });
  EXPECT_GT(before, 0u);
  EXPECT_LT(before, 500'000u) << "about 40 bytes each; the kernel's buffers of a loopback connection hold some MB";
  EXPECT_EQ(neighbour_status, 200);
}

TEST_F(HistoryTest, ADownloadThatCannotBeReadToItsEndHasNone) {
  ingest("endless/a", 1);
  EndlessSite endless(site());
  endless.history.fail_after = 20'000;
  std::string text;
  const auto result = endless.client().Get("/api/v1/history?point=endless/a&from=2026-03-01T00:00:00Z&format=ndjson",
                                           [&](const char* data, std::size_t size) {
                                             text.append(data, size);
                                             return true;
                                           });
  EXPECT_FALSE(result) << "the connection must break";
  EXPECT_GT(count(text, "\n"), 500u);
  endless.history.fail_after = 0;
  const auto refused = endless.client().Get("/api/v1/history?point=endless/a&format=ndjson");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 500) << "an error before the first byte is still told";
}

}  // namespace
}  // namespace myriad::api
