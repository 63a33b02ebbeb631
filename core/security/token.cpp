#include "security/token.h"

#include <Poco/Crypto/OpenSSLInitializer.h>
#include <Poco/JWT/Signer.h>
#include <Poco/JWT/Token.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace myriad::security {
namespace {

constexpr Nanos second = 1'000'000'000;
const std::string algorithm = "HS256";
constexpr std::size_t token_max = 4096;

struct Signer : Poco::JWT::Signer {
  explicit Signer(const std::string& key) : Poco::JWT::Signer(key) { setAlgorithms({algorithm}); }
};

Claims read(const Poco::JWT::Token& token) {
  const auto& payload = token.payload();
  return {token.getId(), token.getSubject(), payload.getValue<Poco::Int64>("iat") * second,
          payload.getValue<Poco::Int64>("exp") * second, payload.getValue<Poco::Int64>("generation")};
}

}  // namespace

Tokens::Tokens(std::string key) : key_(std::move(key)), crypto_(std::make_shared<Poco::Crypto::OpenSSLInitializer>()) {}

std::string Tokens::sign(const Claims& claims) const {
  Poco::JWT::Token token;
  token.setType("JWT");
  token.setId(claims.id);
  token.setSubject(claims.name);
  token.payload().set("iat", Poco::Int64{claims.issued / second});
  token.payload().set("exp", Poco::Int64{claims.expires / second});
  token.payload().set("generation", Poco::Int64{claims.generation});
  return Signer(key_).sign(token, algorithm);
}

// Poco checks the signature only; the time is ours to check.
Result<Claims> Tokens::verify(std::string_view token, Nanos now) const {
  if (token.size() > token_max) return Error{Code::denied, "the token is too long to be one of ours: sign in"};
  try {
    const Claims claims = read(Signer(key_).verify(std::string(token)));
    if (now >= claims.expires) return Error{Code::denied, "the session has expired: sign in again"};
    return claims;
  } catch (const std::exception&) {
    return Error{Code::denied, "the token is not valid here: sign in"};
  }
}

std::string Tokens::csrf(std::string_view id) const {
  const std::string text = "csrf " + std::string(id);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), mac.data(), &size);
  return base64url({reinterpret_cast<const char*>(mac.data()), size});
}

std::string base64url(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  while (out.ends_with('=')) out.pop_back();
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

}  // namespace myriad::security
