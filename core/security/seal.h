// Sealing with AES-256-GCM (NIST SP 800-38D): without the key nobody reads what was sealed, changes it unnoticed, or
// passes it off under another name. Pure but for randomness.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace myriad::security {

inline constexpr std::size_t seal_key_size = 32, seal_nonce_size = 12, seal_tag_size = 16;  // bytes

// Nonce, ciphertext, tag. Random nonces allow 2^32 seals with one key (section 8.3).
Result<std::string> seal(std::string_view key, std::string_view name, std::string_view plain);
// Code::denied when it was sealed with another key or under another name, or was changed.
Result<std::string> unseal(std::string_view key, std::string_view name, std::string_view sealed);

}  // namespace myriad::security
