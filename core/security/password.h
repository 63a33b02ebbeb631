// What a password must be, how it is kept, and how one is made. Pure but for randomness. No error shows a password.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace myriad::security {

inline constexpr std::size_t password_min = 10, password_max = 1024;  // characters; bytes

Status check_password(std::string_view name, std::string_view password);

// 20 letters and digits that cannot be mistaken for one another: 115 bits.
std::string random_password();

// What is kept of a password: scrypt (RFC 7914) with r = 8 and p = 1.
struct Hash {
  unsigned log2_n = 17;
  std::string salt, key;
};
Hash hash_password(std::string_view password, unsigned log2_n);
// The same work whatever the password; constant time.
bool is_password(std::string_view password, const Hash& hash);

}  // namespace myriad::security
