// Overwriting what is secret in memory once it is done with.
#pragma once

#include <openssl/crypto.h>

#include <string>

namespace myriad::security {

// Overwrites the text when the scope ends, however it ends.
class Cleanser {
 public:
  explicit Cleanser(std::string& text) : text_(text) {}
  Cleanser(const Cleanser&) = delete;
  Cleanser& operator=(const Cleanser&) = delete;
  ~Cleanser() { OPENSSL_cleanse(text_.data(), text_.size()); }

 private:
  std::string& text_;
};

}  // namespace myriad::security
