// Who is asking: a bearer token, or the console's cookie with its CSRF token. Thread-safe.
//
// A verified token is remembered by its connection (edge::Connection::memo), since checking one costs about 20 µs.
// Signing out or changing a password anywhere makes every connection check again.
#pragma once

#include <atomic>
#include <optional>

#include "api/http.h"
#include "api/router.h"
#include "base/clock.h"

namespace myriad::api {

constexpr const char* session_cookie = "myriad_session";

class Gate {
 public:
  Gate(security::Security& security, const Clock& clock) : security_(security), clock_(clock) {}

  struct Admission {
    std::shared_ptr<const Session> session;  // null on open routes
    std::optional<Reply> refusal;
  };
  Admission admit(const edge::Request&, Access);

  // Does the session still hold? For answers that last.
  bool holds(const Session&) const;

  // Sessions may have ended, or what they may do changed.
  void sessions_changed() { generation_.fetch_add(1); }

 private:
  std::shared_ptr<const Session> session_of(edge::Connection&, std::string_view token);

  security::Security& security_;
  const Clock& clock_;
  std::atomic<std::uint64_t> generation_{1};
};

// The token of the request; `cookie` says which way it came.
struct Credential {
  std::string_view token;
  bool cookie = false;
};
Credential credential_of(const edge::Head&);
bool is_loopback(std::string_view peer);  // "127.0.0.1:51234", "[::1]:51234"

}  // namespace myriad::api
