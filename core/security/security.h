// Who may come in: local accounts, scrypt passwords, short-lived tokens, the site's own certificate. Thread-safe.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
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
    std::filesystem::path file;  // security.db: accounts and audit, in a file of this floor's own
    std::filesystem::path keys;  // folder (0700) with the token key
    std::chrono::minutes token_life{60};
    unsigned scrypt_log2_n = 17;  // OWASP's advice: 0.4 s and 128 MB for each password; tests take less
    std::function<void(const std::string&)> on_damage = {};  // the file was damaged, and what became of it
  };
  static Result<std::unique_ptr<Security>> open(Options, const Clock& clock, Log log);
  virtual ~Security() = default;

  // Makes `admin` when there is no account yet. Without a given password one is made at random and returned, to be
  // printed once; that one must be changed at the first sign in, and so must a given one that is too weak. Hashing goes
  // on behind the call, which comes before all others; sign_in waits for it. Where a damaged file lies aside whose
  // accounts could not be read, nobody is made in silence: sign_in is unavailable and says what to do.
  virtual Result<std::optional<std::string>> ensure_admin(std::optional<std::string> password) = 0;

  // Constant work for known and unknown names; one at a time (scrypt takes 128 MB). Wrong: Code::denied. Too many
  // failures from one peer or for one name, or too many at once: Code::again with the seconds to wait in `field`.
  // `peer`: "address:port" or an address; the port does not count.
  virtual Result<Session> sign_in(std::string_view name, std::string_view password, std::string_view peer) = 0;
  virtual Result<Identity> verify(std::string_view token) const = 0;  // about 20 µs: remember it per connection
  virtual void sign_out(std::string_view token) = 0;                  // the token is refused until it expires
  // Ends every session of that name, this one too. Errors have `current` or `new` as their field.
  virtual Status change_password(std::string_view name, std::string_view current, std::string_view fresh) = 0;

  // Puts on record who did what from where ("" when that is not known). A failure is logged, not returned.
  virtual void audit(std::string_view who, std::string_view what, std::string_view origin) = 0;
};

struct CertificateFiles {
  std::filesystem::path certificate, key;
};
// The site's certificate: certificate.pem and key.pem in `folder`. When neither is there, a self-signed one is made
// (P-256, ten years, for this host's name and loopback).
Result<CertificateFiles> ensure_certificate(const std::filesystem::path& folder, Log log);

}  // namespace myriad::security
