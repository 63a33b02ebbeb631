// A running site, as commands reach it that manage it: a client of its REST API.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/arguments.h"

namespace myriad::app {

// Options that each of these commands takes, and their help.
std::vector<std::string> site_options();
extern const char* const site_help;

class Site {
 public:
  // Where --site or MYRIAD_URL says; with the token in MYRIAD_TOKEN, or signed in with MYRIAD_USER and MYRIAD_PASSWORD.
  static Result<Site> reach(const Arguments&);
  Site(Site&&) noexcept;
  ~Site();

  // `body` empty: none. `if_match`: only while what is there has that ETag. The answer's JSON, or the problem that it
  // tells.
  Result<nlohmann::json> send(const std::string& method, const std::string& path, const std::string& body = {},
                              const std::string& type = "application/json", const std::string& if_match = {});
  struct Document {
    nlohmann::json body;
    std::string etag;
  };
  // What is there; nullopt: nothing.
  Result<std::optional<Document>> find(const std::string& path);
  Result<nlohmann::json> send_file(const std::string& path, const std::string& field, std::string bytes);

 private:
  struct Answer;
  explicit Site(const std::string& url);
  Result<Answer> ask(const std::string& method, const std::string& path, const std::string& body,
                     const std::string& type, const std::string& if_match);
  Error problem(const std::string& path, const Answer&) const;
  std::string url_;
  struct Client;
  std::unique_ptr<Client> client_;
};

}  // namespace myriad::app
