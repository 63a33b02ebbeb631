// Whose packages this site takes: the keys it trusts, and what it does with packages of others.
#pragma once

#include <vector>

#include "base/clock.h"
#include "plugin_host/signature.h"

namespace myriad::plugin_host {

struct TrustedKey {
  std::string name;
  PublicKey key;
  Nanos added = 0;
};

// The list, a file of its own ("trust.json" of the data directory, mode 0600), read anew for each question: the command
// line may change it while the daemon runs. Thread-safe, between processes too.
class Trust {
 public:
  explicit Trust(std::filesystem::path file) : file_(std::move(file)) {}

  Result<std::vector<TrustedKey>> list() const;  // by name; empty when there is no file
  // EXISTS when the name or the key is in the list.
  Status add(const TrustedKey& key) const;
  // By name or fingerprint; returns the key that was removed.
  Result<TrustedKey> remove(const std::string& which) const;

 private:
  const std::filesystem::path file_;
};

// The verification, with what the list knows of its signer.
Verification recognise(Verification verification, const std::vector<TrustedKey>& keys);

// What becomes of a package that nobody signed, or that a stranger signed. A broken one is always refused.
enum class UnsignedPolicy : std::uint8_t { refuse, warn, allow };
std::string_view policy_name(UnsignedPolicy policy);

// OK with what to warn of (empty: nothing), or why the package is not taken, with the mend. Pure.
Result<std::string> admit(UnsignedPolicy policy, const Verification& verification);

}  // namespace myriad::plugin_host
