#include "app/bench/rest.h"

#include <httplib.h>

#include <nlohmann/json.hpp>

namespace myriad::app::bench {
namespace {

class Client final : public Rest {
 public:
  explicit Client(std::uint16_t port) : client_("127.0.0.1", port) {
    client_.set_keep_alive(true);
    client_.set_tcp_nodelay(true);
    client_.set_read_timeout(120);
  }

  Status sign_in(const std::string& password) {
    const auto answer = post("/auth/login", {{"username", "admin"}, {"password", password}});
    if (!answer) return answer.error();
    client_.set_bearer_token_auth(nlohmann::json::parse(*answer).at("token").get<std::string>());
    return {};
  }

  Result<std::string> get(const std::string& path) override {
    return body_of(client_.Get("/api/v1" + path), "GET " + path);
  }
  Result<std::string> post(const std::string& path, const nlohmann::json& body) override {
    return body_of(client_.Post("/api/v1" + path, body.dump(), "application/json"), "POST " + path);
  }

 private:
  static Result<std::string> body_of(httplib::Result answer, const std::string& what) {
    if (!answer) return Error{Code::unavailable, what + ": " + httplib::to_string(answer.error())};
    if (answer->status >= 200 && answer->status < 300) return std::move(answer->body);
    const auto problem = nlohmann::json::parse(answer->body, nullptr, false);
    const auto detail = problem.is_object() ? problem.value("detail", "") : answer->body.substr(0, 200);
    return Error{Code::unavailable, what + ": " + std::to_string(answer->status) + " " + detail};
  }

  httplib::Client client_;
};

}  // namespace

Result<std::unique_ptr<Rest>> Rest::sign_in(std::uint16_t port, const std::string& password) {
  auto client = std::make_unique<Client>(port);
  if (auto signed_in = client->sign_in(password); !signed_in) return signed_in.error();
  return std::unique_ptr<Rest>(std::move(client));
}

}  // namespace myriad::app::bench
