// SHA-256 and base64, by OpenSSL. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace myriad::plugin_host {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void update(std::string_view bytes);
  std::string raw();  // 32 bytes; ends it
  std::string hex();  // 64 lower-case digits; ends it

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_raw(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);

std::string to_base64(std::string_view bytes);  // RFC 4648, section 4, with padding
// Only what to_base64() writes: no spaces, no line ends, no other form of the same bytes.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace myriad::plugin_host
