// Ed25519 keys (RFC 8032) of those who sign packages. Pure but for the files named. The one place that knows OpenSSL's
// keys.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace myriad::plugin_host {

struct PublicKey {
  std::string bytes;  // 32
  bool operator==(const PublicKey&) const = default;
};

// "SHA256:" and the base64 of the SHA-256 of the key's 32 bytes: short enough to read to each other.
std::string fingerprint(const PublicKey& key);

std::string to_pem(const PublicKey& key);  // SubjectPublicKeyInfo (RFC 8410)
Result<PublicKey> parse_public_key(std::string_view pem);
Result<PublicKey> read_public_key(const std::filesystem::path& file);

// Writes a new private key to `out` (PKCS#8, mode 0600) and its public half to `out`.pub. EXISTS when either is there.
Result<PublicKey> make_key(const std::filesystem::path& out);

class SigningKey {
 public:
  // A private key that others may read is refused.
  static Result<SigningKey> read(const std::filesystem::path& file);

  const PublicKey& public_key() const { return public_; }
  Result<std::string> sign(std::string_view text) const;  // 64 bytes

 private:
  SigningKey(std::string pem, PublicKey key) : pem_(std::move(pem)), public_(std::move(key)) {}
  std::string pem_;
  PublicKey public_;
};

bool is_signature(const PublicKey& key, std::string_view text, std::string_view signature);

}  // namespace myriad::plugin_host
