// Session tokens: JWT (RFC 7519), HS256 alone, and the value that guards a session against forged requests.
// Thread-safe. Revocation and accounts are the caller's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace myriad::security {

struct Claims {
  std::string id, name;
  Nanos issued = 0, expires = 0;  // whole seconds
  std::int64_t generation = 0;    // of the account's password: a change ends all sessions
};

class Tokens {
 public:
  explicit Tokens(std::string key);  // 32 random bytes

  std::string sign(const Claims& claims) const;
  // Signature, algorithm and expiry are checked; Code::denied says which.
  Result<Claims> verify(std::string_view token, Nanos now) const;
  std::string csrf(std::string_view id) const;

 private:
  const std::string key_;
  // Poco counts its users of OpenSSL, and takes its locks down when the last one goes, even while another comes: one
  // user that stays keeps the count above zero.
  const std::shared_ptr<void> crypto_;
};

std::string base64url(std::string_view bytes);

}  // namespace myriad::security
