#include "plugin_host/signing_key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "base/files.h"
#include "plugin_host/digest.h"

namespace myriad::plugin_host {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

constexpr std::size_t key_size = 32, signature_size = 64, pem_max = 16 << 10;

Bio reader(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free_all};
}

std::string text_of(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// Without it OpenSSL would ask the terminal.
int no_password(char*, int, int, void*) {
  return 0;
}

Key private_key(std::string_view pem) {
  return {PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, no_password, nullptr), EVP_PKEY_free};
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Result<PublicKey> public_half(const Key& key, const std::string& what) {
  ERR_clear_error();
  std::string bytes(key_size, '\0');
  std::size_t size = bytes.size();
  const bool fits =
      key && EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519 &&
      EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size) == 1 &&
      size == key_size;
  if (fits) return PublicKey{std::move(bytes)};
  return Error{Code::invalid, what + ": make one with 'myriad plugin keygen'"};
}

Key to_openssl(const PublicKey& key) {
  return {EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(key.bytes), key.bytes.size()), EVP_PKEY_free};
}

Status check_private(const std::filesystem::path& file) {
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0 || !(about.st_mode & (S_IRWXG | S_IRWXO))) return {};
  return Error{Code::denied, file.string() + " is a secret that others may read: chmod 600 it"};
}

}  // namespace

std::string fingerprint(const PublicKey& key) {
  return "SHA256:" + to_base64(sha256_raw(key.bytes));
}

std::string to_pem(const PublicKey& key) {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free_all);
  PEM_write_bio_PUBKEY(bio.get(), to_openssl(key).get());
  return text_of(bio);
}

Result<PublicKey> parse_public_key(std::string_view pem) {
  return public_half({PEM_read_bio_PUBKEY(reader(pem).get(), nullptr, no_password, nullptr), EVP_PKEY_free},
                     "this is no public Ed25519 key in PEM form");
}

Result<PublicKey> read_public_key(const std::filesystem::path& file) {
  const auto pem = read_file(file, pem_max);
  if (!pem) return pem.error();
  auto key = parse_public_key(*pem);
  if (!key) return Error{Code::invalid, file.string() + ": " + key.error().message + ", and give its .pub file"};
  return key;
}

Result<PublicKey> make_key(const std::filesystem::path& out) {
  const std::filesystem::path public_file = out.string() + ".pub";
  for (const auto& file : {out, public_file})
    if (std::filesystem::exists(std::filesystem::symlink_status(file)))
      return Error{Code::exists, file.string() + " is there already: choose another name, a key is never written over"};
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
  auto half = public_half(key, "OpenSSL could not make an Ed25519 key");
  if (!half) return half;
  const Bio pem(BIO_new(BIO_s_mem()), BIO_free_all);
  PEM_write_bio_PKCS8PrivateKey(pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  if (auto ok = write_new_file(out, text_of(pem), 0600); !ok) return ok.error();
  if (auto ok = write_new_file(public_file, to_pem(*half), 0644); !ok) {
    ::unlink(out.c_str());
    return ok.error();
  }
  return half;
}

Result<SigningKey> SigningKey::read(const std::filesystem::path& file) {
  auto pem = read_file(file, pem_max);
  if (!pem) return pem.error();
  if (auto ok = check_private(file); !ok) return ok.error();
  auto half =
      public_half(private_key(*pem), file.string() + " is no private Ed25519 key in PEM form, without password");
  if (!half) return half.error();
  return SigningKey(*std::move(pem), *std::move(half));
}

Result<std::string> SigningKey::sign(std::string_view text) const {
  const Key key = private_key(pem_);
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signature(signature_size, '\0');
  std::size_t size = signature.size();
  const bool done = EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                   bytes_of(text), text.size()) == 1;
  if (!done) return Error{Code::internal, "OpenSSL could not sign"};
  return signature;
}

bool is_signature(const PublicKey& key, std::string_view text, std::string_view signature) {
  if (key.bytes.size() != key_size || signature.size() != signature_size) return false;
  const Key openssl = to_openssl(key);
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const bool good =
      openssl && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, openssl.get()) == 1 &&
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace myriad::plugin_host
