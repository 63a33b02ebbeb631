// Who vouches for a package: one Ed25519 signature over the digest of its archive and of every file in it. Pure.
//
// It is the text of a zstd skippable frame after the archive (magic number 0x184D2A5D), so that tar reads on: a JSON
// object, its members sorted by name, without spaces, exactly these:
//
//   algorithm  "Ed25519"
//   archive    SHA-256 of all bytes before the frame, in lower-case hexadecimal
//   files      name → SHA-256 of each file
//   format     "myriad.signature/1"
//   key        base64 of the signer's public key, 32 bytes
//   signature  base64 of the signature, 64 bytes
//
// What is signed: the bytes "Myriad package signature 1", a zero byte, then that text without the member `signature`.
// Another text for the same facts is no signature.
#pragma once

#include "plugin_host/package.h"
#include "plugin_host/signing_key.h"

namespace myriad::plugin_host {

struct Verification {
  enum class State : std::uint8_t { not_signed, is_signed, broken };
  State state = State::not_signed;
  PublicKey key;            // of the signer, when signed
  std::string fingerprint;  // of that key
  bool trusted = false;     // by the list that was asked (trust.h)
  std::string signer;       // its name there
  std::string reason;       // why broken, with the mend
};

Verification verify(const Package& package);

// The package's bytes with this signature in place of any other.
Result<std::string> sign(const Package& package, const SigningKey& key);

}  // namespace myriad::plugin_host
