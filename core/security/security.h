// Who may come in: local accounts, scrypt passwords, short-lived tokens, the site's own certificate. Thread-safe.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"

namespace myriad::security {

struct Identity {
  std::string name, role;  // roles for now: "administrator"
  bool must_change_password = false;
  Nanos expires = 0;
  std::string csrf;  // derived from the session; the console sends it back with every change
};

struct Session {
  std::string token;  // JWT, HS256 (RFC 7519)
  Identity identity;
};

class Security {
 public:
  struct Options {
    std::filesystem::path file;  // registry.db: the tables users and audit are this floor's
    std::filesystem::path keys;  // folder (0700) with the token key
    std::chrono::minutes token_life{60};
  };
  static Result<std::unique_ptr<Security>> open(Options, const Clock& clock, Log log);
  virtual ~Security() = default;

  // Makes `admin` when there is no account yet. Without a given password one is made at random and returned, to be
  // printed once; that one must be changed at the first sign in.
  virtual Result<std::optional<std::string>> ensure_admin(std::optional<std::string> password) = 0;

  // Constant work for known and unknown names; one at a time (scrypt takes 128 MB); too many failures from one peer or
  // for one name: Code::again with the seconds to wait in `field`.
  virtual Result<Session> sign_in(std::string_view name, std::string_view password, std::string_view peer) = 0;
  virtual Result<Identity> verify(std::string_view token) const = 0;  // about 20 µs: remember it per connection
  virtual void sign_out(std::string_view token) = 0;                  // the token is refused until it expires
  virtual Status change_password(std::string_view name, std::string_view current, std::string_view fresh) = 0;
};

struct CertificateFiles {
  std::filesystem::path certificate, key;
};
// The site's certificate; a self-signed one (P-256, ten years, SAN of host names and loopback) is made when there is
// none.
Result<CertificateFiles> ensure_certificate(const std::filesystem::path& folder, Log log);

}  // namespace myriad::security
