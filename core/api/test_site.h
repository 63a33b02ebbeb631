// A whole site in this process, on a free port, for the tests of the API: every floor below is the real one.
#pragma once

#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "api/handler.h"
#include "base/temp_dir.h"
#include "edge/server.h"

namespace myriad::api {

constexpr const char* test_password = "correct horse battery";

struct Answer {
  int status = 0;
  nlohmann::json body;  // null when it is no JSON
  std::string text;
  httplib::Headers fields;

  std::string field(const std::string& name) const {
    const auto it = fields.find(name);
    return it == fields.end() ? "" : it->second;
  }
};

class TestSite {
 public:
  TestSite();
  ~TestSite();

  // With the administrator's token.
  Answer get(const std::string& path, httplib::Headers = {});
  Answer post(const std::string& path, const std::string& body, httplib::Headers = {});
  Answer put(const std::string& path, const std::string& body, httplib::Headers = {});
  Answer patch(const std::string& path, const std::string& body, httplib::Headers = {});
  Answer remove(const std::string& path, httplib::Headers = {});
  // With these fields alone.
  Answer bare(const std::string& method, const std::string& path, const std::string& body = "", httplib::Headers = {});
  // Server-sent events of `path` until `enough` of the text so far, at most ten seconds.
  std::string listen(const std::string& path, const std::function<bool(const std::string&)>& enough,
                     httplib::Headers = {});

  Parts parts();
  Api& api() { return *api_; }
  std::filesystem::path data() const { return dir_.path(); }
  std::uint16_t port() const { return server_->port(); }

 private:
  void feed();
  Answer send(const std::string& method, const std::string& path, const std::string& body, httplib::Headers);

  TempDir dir_;
  SystemClock clock_;
  storage::Integrity integrity_{clock_, Log::none()};
  model::Points points_;
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<security::Security> security_;
  std::unique_ptr<security::Secrets> secrets_;
  std::unique_ptr<spine::Spine> spine_;
  std::unique_ptr<historian::Historian> historian_;
  std::shared_ptr<void> historian_place_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<plugin_host::Plugins> plugins_;
  std::unique_ptr<plugin_host::Instances> instances_;
  std::unique_ptr<plugin_host::Lifecycle> lifecycle_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<edge::Server> server_;
  std::thread feeder_;
  std::atomic<bool> ending_{false};
  std::unique_ptr<httplib::Client> client_;  // one kept-alive connection
  std::string token_;
};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

inline TestSite::TestSite() {
  registry_ = must(registry::Registry::open(dir_ / "registry.db"));
  security_ = must(security::Security::open({dir_ / "security.db", dir_ / "keys", std::chrono::minutes(60), 12}, clock_,
                                            Log::none()));
  secrets_ = must(security::Secrets::open({dir_ / "secrets.db", dir_ / "keys"}, clock_));
  must(security_->ensure_admin(test_password));
  spine::Options log;
  log.file = dir_ / "spine.db";
  log.on_damage = integrity_.watch(log.file);
  spine_ = must(spine::Spine::open(log, points_, clock_, Log::none()));
  historian_ = must(historian::Historian::open({.file = dir_ / "history.db"}, *spine_, points_, clock_, Log::none()));
  historian_place_ = spine_->follow("historian", [this] { return historian_->stats().next; });
  bus_ = bus::Bus::make(points_);
  plugins_ = plugin_host::Plugins::scan({TEST_PLUGINS}, Log::none(), dir_ / "plugins");
  instances_ = plugin_host::Instances::make(
      {*plugins_, *registry_, *spine_, points_, clock_, Log::none(), {}, {MYRIAD_PROGRAM, dir_ / "instances"}});
  lifecycle_ = plugin_host::Lifecycle::make({*plugins_, *instances_, *registry_, dir_ / "plugins", Log::none(),
                                             [](const plugin_host::Package&) {
                                               return plugin_host::Lifecycle::Admission{"", "nobody signed it"};
                                             },
                                             [](const std::filesystem::path&) { return Status(); }});
  api_ = std::make_unique<Api>(parts());
  feeder_ = std::thread([this] { feed(); });
  server_ = must(edge::Server::start({}, *api_, Log::none()));
  api_->serving([this] { return server_->stats(); });
  client_ = std::make_unique<httplib::Client>("127.0.0.1", server_->port());
  client_->set_keep_alive(true);
  client_->set_tcp_nodelay(true);
  const auto session =
      bare("POST", "/api/v1/auth/login", nlohmann::json{{"username", "admin"}, {"password", test_password}}.dump());
  token_ = session.body.value("token", "");
}

inline TestSite::~TestSite() {
  client_.reset();
  api_->closing();
  server_->stop(std::chrono::seconds(1));
  server_.reset();
  api_.reset();
  instances_.reset();
  ending_ = true;
  historian_->close();
  spine_->close();
  feeder_.join();
}

inline Parts TestSite::parts() {
  return {*registry_, *spine_,   *historian_, *bus_,  points_,     *plugins_, *instances_, *lifecycle_,
          *security_, *secrets_, integrity_,  clock_, Log::none(), "0.1.0",   "test site"};
}

// As the app does: what is committed goes to the bus.
inline void TestSite::feed() {
  spine::Sequence next = spine_->end();
  while (!ending_) {
    if (!spine_->wait(next, std::chrono::steady_clock::now() + std::chrono::milliseconds(100))) continue;
    const auto block = spine_->read(next);
    if (!block || !*block) continue;
    bus_->feed((*block)->batch.view(), (*block)->end() - 1);
    next = (*block)->end();
  }
}

inline Answer TestSite::send(const std::string& method, const std::string& path, const std::string& body,
                             httplib::Headers fields) {
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.headers = std::move(fields);
  request.body = body;
  if (!body.empty() && !request.has_header("Content-Type")) request.set_header("Content-Type", "application/json");
  const auto result = client_->send(request);
  if (!result) return {0, nullptr, httplib::to_string(result.error()), {}};
  auto json = nlohmann::json::parse(result->body, nullptr, false);
  return {result->status, json.is_discarded() ? nlohmann::json() : std::move(json), result->body, result->headers};
}

inline Answer TestSite::bare(const std::string& method, const std::string& path, const std::string& body,
                             httplib::Headers fields) {
  return send(method, path, body, std::move(fields));
}

inline Answer TestSite::get(const std::string& path, httplib::Headers fields) {
  fields.emplace("Authorization", "Bearer " + token_);
  return send("GET", path, "", std::move(fields));
}

inline Answer TestSite::post(const std::string& path, const std::string& body, httplib::Headers fields) {
  fields.emplace("Authorization", "Bearer " + token_);
  return send("POST", path, body, std::move(fields));
}

inline Answer TestSite::put(const std::string& path, const std::string& body, httplib::Headers fields) {
  fields.emplace("Authorization", "Bearer " + token_);
  return send("PUT", path, body, std::move(fields));
}

inline Answer TestSite::patch(const std::string& path, const std::string& body, httplib::Headers fields) {
  fields.emplace("Authorization", "Bearer " + token_);
  return send("PATCH", path, body, std::move(fields));
}

inline Answer TestSite::remove(const std::string& path, httplib::Headers fields) {
  fields.emplace("Authorization", "Bearer " + token_);
  return send("DELETE", path, "", std::move(fields));
}

inline std::string TestSite::listen(const std::string& path, const std::function<bool(const std::string&)>& enough,
                                    httplib::Headers fields) {
  httplib::Client client("127.0.0.1", server_->port());
  client.set_read_timeout(10);
  fields.emplace("Authorization", "Bearer " + token_);
  std::string text;
  client.Get(path, fields, [&](const char* data, std::size_t size) {
    text.append(data, size);
    return !enough(text);
  });
  return text;
}

// One site for the tests of a file.
class ApiTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { site_ = new TestSite; }
  static void TearDownTestSuite() {
    delete site_;
    site_ = nullptr;
  }

  static TestSite& site() { return *site_; }

  static Answer ingest(const std::string& point, const nlohmann::json& value, const std::string& time = "") {
    nlohmann::json reading{{"point", point}, {"value", value}};
    if (!time.empty()) reading["time"] = time;
    return site().post("/api/v1/readings", nlohmann::json{{"readings", nlohmann::json::array({reading})}}.dump());
  }

  static Answer make_switch(const std::string& id, nlohmann::json config = nlohmann::json::object()) {
    config["thing"] = id;
    return site().post("/api/v1/instances",
                       nlohmann::json{{"id", id}, {"plugin", "switch"}, {"config", config}}.dump());
  }

  // Until the answer to GET `path` is so; the last one.
  static Answer await(const std::string& path, const std::function<bool(const nlohmann::json&)>& so) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    Answer answer = site().get(path);
    while (!so(answer.body) && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      answer = site().get(path);
    }
    return answer;
  }

 private:
  static inline TestSite* site_ = nullptr;
};

inline bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace myriad::api
