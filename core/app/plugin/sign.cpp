#include <nlohmann/json.hpp>

#include "app/arguments.h"
#include "app/plugin/commands.h"
#include "base/files.h"
#include "plugin_host/signature.h"

namespace myriad::app::plugin {
namespace {

const Syntax syntax{R"(usage: myriad plugin sign FILE --key FILE [--json]

Signs a package with a private key of `myriad plugin keygen`. A signature that is there already is replaced.
)",
                    {"FILE"},
                    {"key"},
                    {}};

Result<int> run_sign(const Arguments& arguments) {
  const auto& file = arguments.given[0];
  const auto key = plugin_host::SigningKey::read(arguments.option("key"));
  if (!key) return key.error();
  const auto package = plugin_host::Package::open(file);
  if (!package) return package.error();
  const auto bytes = plugin_host::sign(*package, *key);
  if (!bytes) return bytes.error();
  if (auto ok = replace_file(file, *bytes, 0644); !ok) return ok.error();
  const auto fingerprint = plugin_host::fingerprint(key->public_key());
  print(arguments, {{"package", file}, {"fingerprint", fingerprint}}, file + ": signed by " + fingerprint + "\n");
  return 0;
}

}  // namespace

int sign(const Args& args) {
  return run_with(args, syntax, run_sign);
}

}  // namespace myriad::app::plugin
