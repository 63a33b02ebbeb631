#include "security/seal.h"

#include <openssl/evp.h>

#include <memory>

#include "security/cleanse.h"
#include "security/private_file.h"

namespace myriad::security {
namespace {

struct Free {
  void operator()(EVP_CIPHER_CTX* it) const { EVP_CIPHER_CTX_free(it); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, Free>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

enum class Way : int { open = 0, seal = 1 };  // as EVP counts

// Keyed, with the nonce (12 bytes are OpenSSL's default) and the name taken in; null when OpenSSL refuses.
Cipher begin(Way way, std::string_view key, std::string_view nonce, std::string_view name) {
  Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool ready = key.size() == seal_key_size && cipher &&
                     EVP_CipherInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce),
                                       static_cast<int>(way)) == 1 &&
                     EVP_CipherUpdate(cipher.get(), nullptr, &size, bytes(name), static_cast<int>(name.size())) == 1;
  return ready ? std::move(cipher) : nullptr;
}

bool run(EVP_CIPHER_CTX* cipher, std::string_view in, std::string& out) {
  int size = 0;
  out.resize(in.size());
  return EVP_CipherUpdate(cipher, bytes(out), &size, bytes(in), static_cast<int>(in.size())) == 1;
}

bool finish(EVP_CIPHER_CTX* cipher) {
  unsigned char none[EVP_MAX_BLOCK_LENGTH];
  int size = 0;
  return EVP_CipherFinal_ex(cipher, none, &size) == 1;
}

}  // namespace

Result<std::string> seal(std::string_view key, std::string_view name, std::string_view plain) {
  const std::string nonce = random_bytes(seal_nonce_size);
  std::string body, tag(seal_tag_size, '\0');
  const Cipher cipher = begin(Way::seal, key, nonce, name);
  const bool sealed = cipher && run(cipher.get(), plain, body) && finish(cipher.get()) &&
                      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, seal_tag_size, tag.data()) == 1;
  if (!sealed) return Error{Code::internal, "OpenSSL cannot seal '" + std::string(name) + "' with AES-256-GCM"};
  return nonce + body + tag;
}

Result<std::string> unseal(std::string_view key, std::string_view name, std::string_view sealed) {
  const Error broken{Code::denied, "'" + std::string(name) + "' does not open with this key"};
  if (sealed.size() < seal_nonce_size + seal_tag_size) return broken;
  const auto body = sealed.substr(seal_nonce_size, sealed.size() - seal_nonce_size - seal_tag_size);
  std::string tag(sealed.substr(sealed.size() - seal_tag_size)), plain;
  const Cipher cipher = begin(Way::open, key, sealed.substr(0, seal_nonce_size), name);
  const bool opened = cipher && run(cipher.get(), body, plain) &&
                      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, seal_tag_size, tag.data()) == 1 &&
                      finish(cipher.get());
  if (opened) return plain;
  const Cleanser cleanser(plain);  // it is not to be believed, and not to be left lying about
  return broken;
}

}  // namespace myriad::security
