#include "app/site.h"

#include <httplib.h>

#include <cstdlib>

namespace myriad::app {
namespace {

using nlohmann::json;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Error unreachable(const std::string& url, httplib::Error error) {
  return {Code::unavailable, url + " does not answer (" + httplib::to_string(error) +
                                 "): is the site running there? --site says where, --certificate whom to trust"};
}

}  // namespace

const char* const site_help = R"(
  --site URL          where the site is (MYRIAD_URL, else https://127.0.0.1:8443)
  --certificate FILE  the certificate to trust, where the site made its own: tls/ of its data directory has it

Who asks: the API token in MYRIAD_TOKEN, or the user MYRIAD_USER (admin) with the password in MYRIAD_PASSWORD.
)";

std::vector<std::string> site_options() {
  return {"site", "certificate"};
}

struct Site::Client : httplib::Client {
  using httplib::Client::Client;
};

Site::Site(const std::string& url) : url_(url), client_(std::make_unique<Client>(url)) {}
Site::Site(Site&&) noexcept = default;
Site::~Site() = default;

Result<Site> Site::reach(const Arguments& arguments) {
  const auto usual = environment("MYRIAD_URL");
  Site site(arguments.option("site", usual.empty() ? "https://127.0.0.1:8443" : usual));
  if (!site.client_->is_valid())
    return Error{Code::invalid, site.url_ + " is no address of a site: write it like https://127.0.0.1:8443"};
  site.client_->set_read_timeout(std::chrono::minutes(5));  // an upgrade of many instances takes its time
  if (const auto file = arguments.option("certificate"); !file.empty()) site.client_->set_ca_cert_path(file);
  auto token = environment("MYRIAD_TOKEN");
  const auto password = environment("MYRIAD_PASSWORD");
  if (token.empty() && password.empty())
    return Error{Code::denied, "nobody is signed in: set MYRIAD_TOKEN, or MYRIAD_USER and MYRIAD_PASSWORD"};
  if (token.empty()) {
    const auto user = environment("MYRIAD_USER");
    const json credentials{{"username", user.empty() ? "admin" : user}, {"password", password}};
    auto session = site.send("POST", "/api/v1/auth/login", credentials.dump());
    if (!session) return session.error();
    token = session->value("token", "");
  }
  site.client_->set_bearer_token_auth(token);
  return site;
}

struct Site::Answer {
  int status = 0;
  json body;  // null when it is no JSON
  std::string etag;
};

Result<Site::Answer> Site::ask(const std::string& method, const std::string& path, const std::string& body,
                               const std::string& type, const std::string& if_match) {
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  if (!body.empty()) request.set_header("Content-Type", type);
  if (!if_match.empty()) request.set_header("If-Match", if_match);
  const auto result = client_->send(request);
  if (!result) return unreachable(url_, result.error());
  auto answer = json::parse(result->body, nullptr, false);
  return Answer{result->status, answer.is_discarded() ? json() : std::move(answer), result->get_header_value("ETag")};
}

Error Site::problem(const std::string& path, const Answer& answer) const {
  const auto detail = answer.body.is_object() ? answer.body.value("detail", "") : "";
  return {Code::invalid, detail.empty() ? url_ + path + " answers " + std::to_string(answer.status) : detail};
}

Result<json> Site::send(const std::string& method, const std::string& path, const std::string& body,
                        const std::string& type, const std::string& if_match) {
  auto answer = ask(method, path, body, type, if_match);
  if (!answer) return answer.error();
  if (answer->status >= 300) return problem(path, *answer);
  return std::move(answer->body);
}

Result<std::optional<Site::Document>> Site::find(const std::string& path) {
  auto answer = ask("GET", path, "", "", "");
  if (!answer) return answer.error();
  if (answer->status == 404) return std::optional<Document>();
  if (answer->status >= 300) return problem(path, *answer);
  return std::optional<Document>({std::move(answer->body), std::move(answer->etag)});
}

Result<json> Site::send_file(const std::string& path, const std::string& field, std::string bytes) {
  const std::string line = "myriad-form-" + std::to_string(std::hash<std::string>()(bytes));
  std::string body = "--" + line + "\r\nContent-Disposition: form-data; name=\"" + field +
                     "\"; filename=\"package.mpk\"\r\nContent-Type: application/octet-stream\r\n\r\n";
  body += bytes;
  body += "\r\n--" + line + "--\r\n";
  return send("POST", path, body, "multipart/form-data; boundary=" + line);
}

}  // namespace myriad::app
