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
      {"point=a*&step=1x", "step"},
      {"point=a*&step=1h&aggregate=average", "aggregate"},
      {"point=a*&aggregate=", "aggregate"},
      {"point=a*&step=1h&fill=zero", "fill"},
      {"point=a*&aggregate=mean&fill=previous", "fill"},
      {"point=a*&step=1d&zone=Europe/Berln", "zone"},
      {"point=a*&zone=Europe/Berlin", "zone"},
      {"point=a*&cursor=MSAyIDMgYS9i&step=1h", "cursor"},  // of readings
  };
  for (const auto& c : cases) {
    const auto answer = history(c.query);
    EXPECT_EQ(answer.status, 400) << c.query << answer.text;
    EXPECT_EQ(answer.body["field"], c.field) << c.query << answer.text;
  }
}

// ---- Aggregates

// The whole of a question, page by page.
json all_pages(const std::function<Answer(const std::string&)>& ask, const std::string& query) {
  json series = json::array();
  std::string cursor;
  for (int pages = 0; pages < 2'000; ++pages) {
    const auto answer = ask(query + cursor);
    EXPECT_EQ(answer.status, 200) << answer.text;
    for (const auto& each : answer.body["series"]) {
      const bool goes_on = !series.empty() && series.back()["point"] == each["point"] &&
                           series.back().value("aggregate", "") == each.value("aggregate", "");
      if (!goes_on)
        series.push_back(each);
      else
        series.back()["values"].insert(series.back()["values"].end(), each["values"].begin(), each["values"].end());
    }
    if (answer.body["next"].is_null()) break;
    cursor = "&cursor=" + answer.body["next"].get<std::string>();
  }
  return series;
}

TEST_F(HistoryTest, AggregatesByStep) {
  ingest_ramp("agg/a", 150);
  ingest_ramp("agg/b", 10);
  EXPECT_EQ(history("point=agg/*&step=1m&aggregate=mean").body, json::parse(R"({"series":[
    {"point":"agg/a","aggregate":"mean","step":"1m","values":[["2026-03-01T00:00:00Z",29.5],
      ["2026-03-01T00:01:00Z",89.5],["2026-03-01T00:02:00Z",134.5]]},
    {"point":"agg/b","aggregate":"mean","step":"1m","values":[["2026-03-01T00:00:00Z",4.5]]}],"next":null})"));
  EXPECT_EQ(history("point=agg/b&step=1d").body["series"][0]["aggregate"], "mean");
  EXPECT_EQ(history("point=agg/b&aggregate=sum").body["series"][0],
            json::parse(R"({"point":"agg/b","aggregate":"sum","values":[["2026-03-01T00:00:00Z",45]]})"));
  const auto berlin = history("point=agg/b&step=1d&aggregate=count&zone=Europe/Berlin").body["series"][0]["values"];
  EXPECT_EQ(berlin, json::parse(R"([["2026-02-28T23:00:00Z",10]])")) << "the step begins before the range";
  const auto filled = history("point=agg/b&step=8h&fill=previous").body["series"][0]["values"];
  EXPECT_EQ(filled.size(), 3u) << filled;
}

TEST_F(HistoryTest, SeveralAggregatesAreSeveralSeries) {
  ingest_ramp("aggs/a", 10);
  const auto answer = history("point=aggs/*&step=5s&aggregate=min,last,min");
  EXPECT_EQ(answer.body["series"], json::parse(R"([
    {"point":"aggs/a","aggregate":"min","step":"5s","values":[["2026-03-01T00:00:00Z",0],["2026-03-01T00:00:05Z",5]]},
    {"point":"aggs/a","aggregate":"last","step":"5s","values":[["2026-03-01T00:00:00Z",4],["2026-03-01T00:00:05Z",9]]}
  ])"));
  EXPECT_EQ(history("point=aggs/*&step=5s&aggregate=min,last&format=csv").text,
            "time,point,aggregate,value\r\n2026-03-01T00:00:00Z,aggs/a,min,0\r\n2026-03-01T00:00:05Z,aggs/a,min,5\r\n"
            "2026-03-01T00:00:00Z,aggs/a,last,4\r\n2026-03-01T00:00:05Z,aggs/a,last,9\r\n");
  EXPECT_EQ(history("point=aggs/*&step=10s&format=ndjson").text,
            "{\"point\":\"aggs/a\",\"aggregate\":\"mean\",\"value\":4.5,\"time\":\"2026-03-01T00:00:00Z\"}\n");
}

TEST_F(HistoryTest, PagesOfAggregatesJoinToTheWhole) {
  ingest_ramp("paged/a", 90);
  ingest("paged/a", 7, "2026-03-01T00:05:00.5Z");
  ingest("paged/a", 8, "2026-03-01T00:07:10Z");
  ingest_ramp("paged/b", 30);
  ingest("paged/c", "on", "2026-03-01T00:00:09Z");
  ingest_ramp("paged/d", 61);
  const auto ask = [](const std::string& query) { return history(query); };
  for (const std::string fill : {"none", "previous", "linear"})
    for (const std::string aggregate : {"mean,last,count", "delta", "rate", "time_weighted_mean,median", "first"}) {
      const std::string query =
          "point=paged/*&step=7s&zone=Europe/Berlin&to=2026-03-01T00:09:00Z&aggregate=" + aggregate + "&fill=" + fill +
          "&limit=";
      const auto whole = site().get("/api/v1/history?from=2026-03-01T00:00:03Z&" + query + "100000");
      ASSERT_EQ(whole.body["next"], nullptr);
      for (const std::string limit : {"1", "3", "7", "40"})
        EXPECT_EQ(all_pages(
                      [&](const std::string& each) {
                        return site().get("/api/v1/history?from=2026-03-01T00:00:03Z&" + each);
                      },
                      query + limit),
                  whole.body["series"])
            << query << limit;
    }
  const auto first = history("point=paged/*&step=7s&limit=2");
  const std::string cursor = "&cursor=" + first.body["next"].get<std::string>();
  EXPECT_EQ(history("point=paged/*&step=8s" + cursor).body["field"], "cursor");
  EXPECT_EQ(history("point=paged/*&step=7s&aggregate=sum" + cursor).body["field"], "cursor");
  EXPECT_EQ(history("point=paged/*&step=7s&zone=Asia/Tokyo" + cursor).body["field"], "cursor");
  EXPECT_EQ(history("point=paged/*" + cursor).body["field"], "cursor");
  EXPECT_EQ(ask("point=paged/*&step=7s" + cursor).status, 200);
}

TEST_F(HistoryTest, ALongPageIsStreamed) {
  ingest_ramp("long/a", 50'000);
  ingest_ramp("long/b", 20'000);
  for (const std::string query : {"point=long/*", "point=long/*&step=1s&aggregate=last"}) {
    const auto whole = history(query + "&limit=1000000");
    EXPECT_GT(whole.text.size(), std::size_t{2} << 20);
    EXPECT_EQ(whole.field("Transfer-Encoding"), "chunked");
    EXPECT_EQ(whole.field("Content-Type"), "application/json");
    const auto ask = [](const std::string& each) { return history(each); };
    EXPECT_EQ(whole.body["series"], all_pages(ask, query + "&limit=9999"));
    const auto cut = history(query + "&limit=60000");
    EXPECT_EQ(cut.body["series"][1]["values"].size(), 10'000u);
    EXPECT_TRUE(cut.body["next"].is_string());
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
  Result<std::vector<historian::Row>> aggregate(std::string_view, const historian::AggregateQuery& query,
                                                std::size_t limit) override {
    if (rows += limit; rows > fail_after) return Error{Code::internal, "the disk is gone"};
    std::vector<historian::Row> answer;
    Nanos time = query.steps.begin(std::max(query.range.from, query.rows_from));
    for (std::size_t i = 0; i < limit; ++i, time = query.steps.next(time)) answer.push_back({time, 230.25});
    return answer;
  }
  Status for_each_latest(const std::function<void(std::string_view, const model::Sample&)>&) override { return {}; }
  bool wait(spine::Sequence, std::chrono::steady_clock::time_point) override { return true; }
  spine::Sequence next() const override { return 1; }
  spine::Sequence stored() const override { return 1; }
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
    return {parts_.registry,  parts_.spine,     history,          parts_.bus,      parts_.points,
            parts_.plugins,   parts_.instances, parts_.lifecycle, parts_.security, parts_.secrets,
            parts_.integrity, parts_.clock,     Log::none(),      parts_.version,  parts_.site};
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

// ---- Keeping

class KeepingTest : public ApiTest {
 protected:
  void put(const std::string& point, int readings) {
    json body{{"readings", json::array()}};
    for (int i = 0; i < readings; ++i)
      body["readings"].push_back({{"point", point}, {"time", format_time(first + i * second)}, {"value", i}});
    const auto answer = site().post("/api/v1/readings", body.dump());
    ASSERT_EQ(answer.status, 202) << answer.text;
    ASSERT_TRUE(site().parts().historian.wait(site().parts().spine.end(), std::chrono::steady_clock::now() + 10s));
  }
  static constexpr Nanos first = Nanos{1'700'000'000} * 1'000'000'000;
  static constexpr Nanos second = 1'000'000'000;
};

TEST_F(KeepingTest, RulesOfRetentionAreReplacedAsAWhole) {
  const std::string path = "/api/v1/history/retention";
  const auto none = site().get(path);
  ASSERT_EQ(none.status, 200) << none.text;
  const std::string rules = R"({"rules":[{"points":"ward/*","raw_days":30,"minutes_days":365},{"points":"*"}]})";
  EXPECT_EQ(site().put(path, rules).status, 428);
  EXPECT_EQ(site().put(path, rules, {{"If-Match", "\"7\""}}).status, 412);
  const auto put = site().put(path, rules, {{"If-Match", none.field("ETag")}});
  ASSERT_EQ(put.status, 200) << put.text;
  EXPECT_EQ(put.body, json::parse(rules));
  EXPECT_EQ(site().get(path).field("ETag"), put.field("ETag"));
  const std::pair<const char*, const char*> refused[] = {
      {R"({"rules":[{"points":"*","raw_days":0}]})", "/rules/0/raw_days"},
      {R"({"rules":[{"points":"*","raw":"1d"}]})", "/rules/0/raw"},
      {R"({"rules":[{"raw_days":3}]})", "/rules/0/points"},
      {R"({"rules":3})", "/rules"}};
  for (const auto& [body, field] : refused) {
    const auto answer = site().put(path, body, {{"If-Match", put.field("ETag")}});
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.body["field"], field) << body;
  }
  EXPECT_EQ(site().put(path, R"({"rules":[]})", {{"If-Match", put.field("ETag")}}).status, 200);
}

TEST_F(KeepingTest, RemovesWhatIsNamed) {
  put("rm/a", 10);
  put("rm/b", 10);
  const auto some = site().remove("/api/v1/history?point=rm/a&from=" + format_time(first + 3 * second) +
                                  "&to=" + format_time(first + 5 * second));
  ASSERT_EQ(some.status, 200) << some.text;
  EXPECT_EQ(some.body, (json{{"points", 1}, {"removed", 2}}));
  const std::string all = "/api/v1/history?point=rm/*&from=2023-01-01T00:00:00Z";
  EXPECT_EQ(site().get(all).body["series"][0]["values"].size(), 8u);
  EXPECT_EQ(site().remove("/api/v1/history?point=rm/*").body, (json{{"points", 2}, {"removed", 18}}));
  EXPECT_EQ(site().get(all).body["series"][0]["values"].size(), 0u);
  EXPECT_EQ(site().remove("/api/v1/history").status, 400);
  EXPECT_EQ(site().remove("/api/v1/history?point=rm/never").status, 404);
}

TEST_F(KeepingTest, TellsWhatPointsCostAndWhatWasWrittenOver) {
  put("cost/a", 40);
  const auto cost = site().get("/api/v1/history/estimate?point=cost/*");
  ASSERT_EQ(cost.status, 200) << cost.text;
  EXPECT_EQ(cost.body["items"][0]["count"], 1);
  EXPECT_EQ(cost.body["items"][0]["readings_per_day"], 0);  // it has been silent for years
  EXPECT_GT(cost.body["stored_bytes"], 0);
  const auto revisions = site().get("/api/v1/history/revisions?point=cost/a");
  ASSERT_EQ(revisions.status, 200) << revisions.text;
  EXPECT_EQ(revisions.body["items"], json::array());
  EXPECT_EQ(site().get("/api/v1/history/revisions?point=cost/*").status, 400);
}

}  // namespace
}  // namespace myriad::api
