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

constexpr std::size_t shortest_password = 10;

// "127.0.0.1:51234" → "127.0.0.1": failures are counted by machine.
std::string host_of(const std::string& peer) {
  return peer.substr(0, peer.rfind(':'));
}

std::string cookie(const Call& call, std::string_view token, Nanos seconds) {
  return std::string(session_cookie) + '=' + std::string(token) +
         "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds) +
         (call.request.connection->tls ? "; Secure" : "");
}

json describe(const Identity& user) {
  return {{"name", user.name}, {"role", user.role}, {"must_change_password", user.must_change_password}};
}

// 401 for a wrong name or password, 429 after too many.
Reply refused(const Error& error) {
  return problem(error.code == Code::denied ? 401 : status_of(error.code), error);
}

Result<Reply> login(Shared& shared, const Call& call) {
  const auto body = parse_object(call.request.body);
  if (!body) return body.error();
  const auto name = text_member(*body, "username"), password = text_member(*body, "password");
  if (!name) return name.error();
  if (!password) return password.error();
  const auto session = shared.parts.security.sign_in(*name, *password, host_of(call.request.connection->peer));
  if (!session) return refused(session.error());
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
  if (fresh->size() < shortest_password)
    return Error{Code::invalid,
                 "the new password has " + std::to_string(fresh->size()) + " bytes: use at least " +
                     std::to_string(shortest_password),
                 "/new"};
  auto changed = shared.parts.security.change_password(call.session->identity.name, *current, *fresh);
  if (!changed) return changed.error();
  shared.gate.sessions_changed();
  return no_content();
}

}  // namespace

void add_auth_routes(Router& router, Shared& shared) {
  router.add({"POST", "/api/v1/auth/login", Access::open, [&](const Call& c) { return login(shared, c); }});
  router.add({"POST", "/api/v1/auth/logout", Access::newcomer, [&](const Call& c) { return logout(shared, c); }});
  router.add({"GET", "/api/v1/auth/me", Access::newcomer, [](const Call& c) { return me(c); }});
  router.add(
      {"POST", "/api/v1/auth/password", Access::newcomer, [&](const Call& c) { return change_password(shared, c); }});
}

}  // namespace myriad::api
