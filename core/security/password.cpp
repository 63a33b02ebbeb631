#include "security/password.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>

#include "security/private_file.h"

namespace myriad::security {
namespace {

constexpr std::size_t salt_size = 16, key_size = 32;

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string scrypt(std::string_view password, std::string_view salt, unsigned log2_n) {
  const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(EVP_KDF_fetch(nullptr, "SCRYPT", nullptr), EVP_KDF_free);
  const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(EVP_KDF_CTX_new(kdf.get()), EVP_KDF_CTX_free);
  std::uint64_t n = std::uint64_t{1} << log2_n;
  std::uint32_t r = 8, p = 1;
  std::uint64_t most = n * r * 128 + (std::uint64_t{1} << 20);
  // OpenSSL takes what it only reads as non-const.
  const std::array params{
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, const_cast<char*>(password.data()), password.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, const_cast<char*>(salt.data()), salt.size()),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &most),
      OSSL_PARAM_construct_end()};
  std::string key(key_size, '\0');
  if (EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(key.data()), key.size(), params.data()) != 1)
    throw std::runtime_error("scrypt failed: it needs " + std::to_string(most >> 20) + " MB of memory");
  return key;
}

}  // namespace

Status check_password(std::string_view name, std::string_view password) {
  const auto refuse = [](std::string why) { return Error{Code::invalid, std::move(why), "new"}; };
  if (characters(password) < password_min)
    return refuse("the password is too short: choose at least " + std::to_string(password_min) + " characters");
  if (password.size() > password_max)
    return refuse("the password is too long: choose at most " + std::to_string(password_max) + " bytes");
  if (password == name) return refuse("the password is the user's name: choose another");
  return {};
}

std::string random_password() {
  constexpr std::string_view letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
  constexpr unsigned fair = 256 / letters.size() * letters.size();  // a larger byte would favour the first letters
  std::string out;
  while (out.size() < 20)
    for (const char byte : random_bytes(32))
      if (const auto value = static_cast<unsigned char>(byte); value < fair && out.size() < 20)
        out += letters[value % letters.size()];
  return out;
}

Hash hash_password(std::string_view password, unsigned log2_n) {
  Hash hash{log2_n, random_bytes(salt_size), {}};
  hash.key = scrypt(password, hash.salt, log2_n);
  return hash;
}

bool is_password(std::string_view password, const Hash& hash) {
  const std::string key = scrypt(password, hash.salt, hash.log2_n);
  return key.size() == hash.key.size() && CRYPTO_memcmp(key.data(), hash.key.data(), key.size()) == 0;
}

}  // namespace myriad::security
