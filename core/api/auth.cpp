// Signing in and out, and one's own password.
#include <nlohmann/json.hpp>

#include "api/json_body.h"
#include "api/problem.h"
#include "api/resources.h"
#include "base/time_text.h"

namespace myriad::api {
namespace {

using nlohmann::json;
using security::Identity;

constexpr std::size_t credentials_body = 16 * 1'024;

std::string cookie(const Call& call, std::string_view token, Nanos seconds) {
  return std::string(session_cookie) + '=' + std::string(token) +
         "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds) +
         (call.request.connection->tls ? "; Secure" : "");
}

json describe(const Identity& user) {
  return {{"name", user.name}, {"role", user.role}, {"must_change_password", user.must_change_password}};
}

// What the security floor refused; it names a member of the body, or the seconds to wait.
Error refusal(Error error) {
  if (error.code != Code::again && !error.field.empty()) error.field.insert(0, "/");
  return error;
}

Result<Reply> login(Shared& shared, const Call& call) {
  const auto body = parse_object(call.request.body);
  if (!body) return body.error();
  const auto name = text_member(*body, "username"), password = text_member(*body, "password");
  if (!name) return name.error();
  if (!password) return password.error();
  const auto session = shared.parts.security.sign_in(*name, *password, call.request.connection->peer);
  if (!session) {
    const Error error = refusal(session.error());
    return problem(error.code == Code::denied ? 401 : status_of(error.code), error);
  }
  const Identity& user = session->identity;
  Reply reply = json_reply({{"token", session->token},
                            {"expires_at", format_time(user.expires)},
                            {"user", describe(user)},
                            {"csrf_token", user.csrf}});
  if (call.field("X-Myriad-Console") == "1") {
    const Nanos life = (user.expires - shared.parts.clock.now()) / 1'000'000'000;
    reply.fields.emplace_back("Set-Cookie", cookie(call, session->token, life));
  }
  return reply;
}

Result<Reply> logout(Shared& shared, const Call& call) {
  shared.parts.security.sign_out(call.session->token);
  shared.gate.sessions_changed();
  Reply reply = no_content();
  reply.fields.emplace_back("Set-Cookie", cookie(call, "", 0));
  return reply;
}

Result<Reply> me(const Call& call) {
  json body = describe(call.session->identity);
  body["csrf_token"] = call.session->identity.csrf;
  return json_reply(body);
}

Result<Reply> change_password(Shared& shared, const Call& call) {
  const auto body = parse_object(call.request.body);
  if (!body) return body.error();
  const auto current = text_member(*body, "current"), fresh = text_member(*body, "new");
  if (!current) return current.error();
  if (!fresh) return fresh.error();
  auto changed = shared.parts.security.change_password(call.session->identity.name, *current, *fresh);
  if (!changed) return refusal(changed.error());
  shared.gate.sessions_changed();
  return no_content();
}

}  // namespace

void add_auth_routes(Router& router, Shared& shared) {
  router.add(
      {"POST", "/api/v1/auth/login", Access::open, [&](const Call& c) { return login(shared, c); }, credentials_body});
  router.add({"POST", "/api/v1/auth/logout", Access::user, [&](const Call& c) { return logout(shared, c); }});
  router.add({"GET", "/api/v1/auth/me", Access::user, [](const Call& c) { return me(c); }});
  router.add(
      {"POST", "/api/v1/auth/password", Access::user, [&](const Call& c) { return change_password(shared, c); }});
}

}  // namespace myriad::api
