#include "api/access.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "api/problem.h"

namespace myriad::api {
namespace {

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() > word.size() && text[word.size()] == ' ' &&
         std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) { return a == (b | 0x20); });
}

std::string_view cookie_value(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    auto one = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(cookies.size(), one.size() + 1));
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=')
      return one.substr(name.size() + 1);
  }
  return {};
}

bool changes_state(std::string_view method) {
  return method != "GET" && method != "HEAD";
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Reply unauthenticated() {
  Reply reply = problem(401, {Code::denied,
                              "sign in first: POST /api/v1/auth/login, then send 'Authorization: Bearer "
                              "<token>'; tokens expire"});
  reply.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"myriad\"");
  return reply;
}

Gate::Admission refuse(const char* why) {
  return {nullptr, problem(403, {Code::denied, why})};
}

}  // namespace

Credential credential_of(const edge::Head& head) {
  if (const auto field = head.field("Authorization"); field && starts_with_word(*field, "bearer"))
    return {field->substr(7), false};
  return {cookie_value(head.field("Cookie").value_or(""), session_cookie), true};
}

bool is_loopback(std::string_view peer) {
  return peer.starts_with("127.") || peer.starts_with("[::1]") || peer.starts_with("::1") ||
         peer.starts_with("[::ffff:127.") || peer.starts_with("::ffff:127.");
}

Gate::Admission Gate::admit(const edge::Request& request, Access access) {
  if (access == Access::open) return {};
  if (access == Access::local && is_loopback(request.connection->peer)) return {};
  const Credential credential = credential_of(request.head);
  auto session = credential.token.empty() ? nullptr : session_of(*request.connection, credential.token);
  if (!session) return {nullptr, unauthenticated()};
  const bool proven =
      !credential.cookie || same_secret(request.head.field("X-CSRF-Token").value_or(""), session->identity.csrf);
  if (changes_state(request.head.method) && !proven)
    return refuse("the X-CSRF-Token field is missing or not this session's: send csrf_token of GET /api/v1/auth/me");
  if (session->identity.must_change_password && access != Access::newcomer)
    return refuse("this password was made at first start: change it with POST /api/v1/auth/password, then go on");
  return {std::move(session), std::nullopt};
}

std::shared_ptr<const Session> Gate::session_of(edge::Connection& connection, std::string_view token) {
  const auto generation = generation_.load();
  const auto known = std::static_pointer_cast<const Session>(connection.memo);
  if (known && known->generation == generation && known->token == token)
    return known->identity.expires > clock_.now() ? known : nullptr;
  auto identity = security_.verify(token);
  if (!identity) return nullptr;
  auto session = std::make_shared<Session>(Session{std::string(token), std::move(*identity), generation});
  connection.memo = session;
  return session;
}

bool Gate::holds(const Session& session) const {
  if (session.identity.expires <= clock_.now()) return false;
  return session.generation == generation_.load() || security_.verify(session.token);
}

}  // namespace myriad::api
