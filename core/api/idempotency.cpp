#include "api/idempotency.h"

#include <algorithm>

#include "api/problem.h"

namespace myriad::api {
namespace {

constexpr std::size_t most = 1'000;
constexpr std::size_t largest_body = 64 * 1'024;
constexpr Nanos day = Nanos{86'400} * 1'000'000'000;

bool worth_keeping(const Reply& reply) {
  return reply.status < 500 && reply.status != 429 && reply.status != 401 && reply.body.size() <= largest_body;
}

}  // namespace

Reply Idempotency::once(const std::string& key, std::string_view request, const std::function<Reply()>& route) {
  if (auto known = begin(key, std::hash<std::string_view>{}(request))) return std::move(*known);
  try {
    Reply reply = route();
    finish(key, &reply);
    return reply;
  } catch (...) {
    finish(key, nullptr);
    throw;
  }
}

std::optional<Reply> Idempotency::begin(const std::string& key, std::size_t fingerprint) {
  const std::lock_guard lock(mutex_);
  const Nanos now = clock_.now();
  make_room(now);
  const auto [it, fresh] = kept_.try_emplace(key, Kept{now, fingerprint, std::nullopt});
  if (fresh) return std::nullopt;
  if (it->second.fingerprint != fingerprint)
    return problem(
        422, {Code::invalid, "this Idempotency-Key was used for another request: make a new key", "Idempotency-Key"});
  if (!it->second.reply)
    return problem(409, {Code::conflict, "the first request with this Idempotency-Key still runs: repeat later",
                         "Idempotency-Key"});
  Reply reply = *it->second.reply;
  reply.fields.emplace_back("Idempotency-Replayed", "true");
  return reply;
}

void Idempotency::finish(const std::string& key, const Reply* reply) {
  const std::lock_guard lock(mutex_);
  if (reply && worth_keeping(*reply))
    kept_[key].reply = *reply;
  else
    kept_.erase(key);
}

// Old answers go; beyond `most` the oldest go too, but never one whose request still runs.
void Idempotency::make_room(Nanos now) {
  std::erase_if(kept_, [&](const auto& e) { return e.second.reply && now - e.second.since > day; });
  while (kept_.size() >= most) {
    const auto oldest = std::min_element(kept_.begin(), kept_.end(), [](const auto& a, const auto& b) {
      return std::pair(!a.second.reply, a.second.since) < std::pair(!b.second.reply, b.second.since);
    });
    if (!oldest->second.reply) return;
    kept_.erase(oldest);
  }
}

}  // namespace myriad::api
