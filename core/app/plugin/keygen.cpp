#include <nlohmann/json.hpp>

#include "app/arguments.h"
#include "app/plugin/commands.h"
#include "plugin_host/signing_key.h"

namespace myriad::app::plugin {
namespace {

const Syntax syntax{R"(usage: myriad plugin keygen --out FILE [--json]

Makes an Ed25519 key to sign packages with: the private key goes to FILE, which only you may read, the public key to
FILE.pub. Neither is ever written over. Keep FILE secret, and give FILE.pub and the fingerprint to those who install
your plugins.
)",
                    {},
                    {"out"},
                    {}};

Result<int> run_keygen(const Arguments& arguments) {
  const auto file = arguments.option("out");
  const auto key = plugin_host::make_key(file);
  if (!key) return key.error();
  const auto fingerprint = plugin_host::fingerprint(*key);
  print(
      arguments, {{"key", file}, {"public_key", file + ".pub"}, {"fingerprint", fingerprint}},
      "private key  " + file + " (keep it secret)\npublic key   " + file + ".pub\nfingerprint  " + fingerprint + "\n");
  return 0;
}

}  // namespace

int keygen(const Args& args) {
  return run_with(args, syntax, run_keygen);
}

}  // namespace myriad::app::plugin
