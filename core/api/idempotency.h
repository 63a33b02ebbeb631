// Answers to POST requests that carried an Idempotency-Key, so that a repeated request does nothing twice.
// In memory, at most 1,000 of them for at most a day. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <variant>

#include "api/http.h"
#include "base/clock.h"

namespace myriad::api {

class Idempotency {
 public:
  explicit Idempotency(const Clock& clock) : clock_(clock) {}

  // Runs `route` once per key: repeats get the first answer, with Idempotency-Replayed: true. The same key with
  // another request, or while the first still runs, is refused. Failures that a repeat may mend are not kept.
  Reply once(const std::string& key, std::string_view request, const std::function<Reply()>& route);

 private:
  struct Kept {
    Nanos since = 0;
    std::size_t fingerprint = 0;
    std::optional<Reply> reply;  // none: running
  };
  std::optional<Reply> begin(const std::string& key, std::size_t fingerprint);
  void finish(const std::string& key, const Reply* reply);
  void make_room(Nanos now);

  const Clock& clock_;
  std::mutex mutex_;                  // guards kept_
  std::map<std::string, Kept> kept_;  // by user, path and key
};

}  // namespace myriad::api
