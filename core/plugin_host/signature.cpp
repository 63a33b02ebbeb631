#include "plugin_host/signature.h"

#include "plugin_host/digest.h"

namespace myriad::plugin_host {
namespace {

using nlohmann::json;

constexpr const char* format = "myriad.signature/1";
constexpr std::string_view domain("Myriad package signature 1\0", 27);

// All but the signature itself, from what the package really holds.
json facts_of(const Package& package, const PublicKey& key) {
  return {{"algorithm", "Ed25519"},
          {"archive", sha256_hex(package.archive())},
          {"files", package.files()},
          {"format", format},
          {"key", to_base64(key.bytes)}};
}

std::string signed_text(const json& facts) {
  return std::string(domain) + facts.dump();
}

// The bytes of a base64 member; empty when it is none.
std::string bytes_at(const json& document, const char* member) {
  if (!document.is_object() || !document.contains(member) || !document[member].is_string()) return {};
  return from_base64(document[member].get_ref<const std::string&>()).value_or("");
}

Verification broken(const std::string& reason) {
  Verification out;
  out.state = Verification::State::broken;
  out.reason = reason + ": fetch the package again from its vendor";
  return out;
}

}  // namespace

Verification verify(const Package& package) {
  const auto text = package.signature();
  if (text.empty()) return {};
  const auto claimed = json::parse(text, nullptr, false);
  const PublicKey key{bytes_at(claimed, "key")};
  const auto signature = bytes_at(claimed, "signature");
  if (key.bytes.empty() || signature.empty()) return broken("its signature cannot be read");
  auto facts = facts_of(package, key);
  const auto to_sign = signed_text(facts);
  facts["signature"] = to_base64(signature);
  if (facts.dump() != text) return broken("its signature is not of these contents");
  if (!is_signature(key, to_sign, signature)) return broken("its signature is not by the key that it names");
  Verification out;
  out.state = Verification::State::is_signed;
  out.fingerprint = fingerprint(key);
  out.key = key;
  return out;
}

Result<std::string> sign(const Package& package, const SigningKey& key) {
  auto facts = facts_of(package, key.public_key());
  const auto signature = key.sign(signed_text(facts));
  if (!signature) return signature.error();
  facts["signature"] = to_base64(*signature);
  return package.with_signature(facts.dump());
}

}  // namespace myriad::plugin_host
