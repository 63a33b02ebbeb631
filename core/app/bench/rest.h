// A REST client on loopback, signed in once, on one connection that is kept. One thread uses it.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"

namespace myriad::app::bench {

class Rest {
 public:
  // As 'admin', without TLS.
  static Result<std::unique_ptr<Rest>> sign_in(std::uint16_t port, const std::string& password);
  virtual ~Rest() = default;

  // Paths begin after /api/v1. The body of a 2xx; anything else is an error with the problem's detail.
  virtual Result<std::string> get(const std::string& path) = 0;
  virtual Result<std::string> post(const std::string& path, const nlohmann::json& body) = 0;
};

}  // namespace myriad::app::bench
