#include <nlohmann/json.hpp>

#include "app/arguments.h"
#include "app/plugin/commands.h"
#include "plugin_host/trust.h"

namespace myriad::app::plugin {
namespace {

using plugin_host::Verification;

const Syntax syntax{R"(usage: myriad plugin verify FILE [--key PUB] [--trust FILE] [--json]

Checks a package: its form, every file in it, and its signature. Fails when it is not signed.

  --key PUB      it must be signed by this key, as `myriad plugin keygen` wrote it (.pub)
  --trust FILE   it must be signed by a key of this list: trust.json of a site's data directory
)",
                    {"FILE"},
                    {},
                    {"key", "trust"}};

std::string state_name(Verification::State state) {
  switch (state) {
    case Verification::State::not_signed:
      return "unsigned";
    case Verification::State::is_signed:
      return "signed";
    case Verification::State::broken:
      return "broken";
  }
  return "";
}

// What is wrong with the package itself; empty: nothing.
std::string problem_of(const Verification& verification) {
  switch (verification.state) {
    case Verification::State::not_signed:
      return "it is not signed: sign it with 'myriad plugin sign'";
    case Verification::State::is_signed:
      return "";
    case Verification::State::broken:
      return verification.reason;
  }
  return "";
}

// What is asked of the signer.
struct Wanted {
  std::optional<plugin_host::PublicKey> key;
  std::optional<std::vector<plugin_host::TrustedKey>> list;
};

Result<Wanted> read_wanted(const Arguments& arguments) {
  Wanted out;
  if (const auto file = arguments.option("key"); !file.empty()) {
    auto key = plugin_host::read_public_key(file);
    if (!key) return key.error();
    out.key = *std::move(key);
  }
  if (const auto file = arguments.option("trust"); !file.empty()) {
    auto list = plugin_host::Trust(file).list();
    if (!list) return list.error();
    out.list = *std::move(list);
  }
  return out;
}

std::string problem_of(const Verification& verification, const Wanted& wanted) {
  if (auto problem = problem_of(verification); !problem.empty()) return problem;
  if (wanted.key && *wanted.key != verification.key)
    return "it is signed by " + verification.fingerprint + ", not by " + plugin_host::fingerprint(*wanted.key) +
           " as asked: compare the keys";
  if (wanted.list && !verification.trusted)
    return "it is signed by " + verification.fingerprint +
           ", which the list does not hold: compare the fingerprint, then myriad plugin trust add";
  return "";
}

std::string signer_text(const Verification& verification) {
  return "signed by " + verification.fingerprint +
         (verification.signer.empty() ? "" : " (" + verification.signer + ")");
}

Result<int> run_verify(const Arguments& arguments) {
  const auto& file = arguments.given[0];
  const auto wanted = read_wanted(arguments);
  if (!wanted) return wanted.error();
  const auto package = plugin_host::Package::open(file);
  if (!package && package.error().code == Code::not_found) return package.error();
  Verification found;
  if (package) {
    found = plugin_host::recognise(plugin_host::verify(*package),
                                   wanted->list.value_or(std::vector<plugin_host::TrustedKey>()));
  } else {
    found.state = Verification::State::broken;
    found.reason = package.error().message;
  }
  const auto problem = problem_of(found, *wanted);
  nlohmann::json facts{{"package", file},         {"state", state_name(found.state)}, {"ok", problem.empty()},
                       {"problem", problem},      {"fingerprint", found.fingerprint}, {"signer", found.signer},
                       {"trusted", found.trusted}};
  std::string name = file;
  if (package) {
    facts["id"] = package->manifest().id;
    facts["version"] = package->manifest().version;
    facts["files"] = package->files();
    name += ": " + package->manifest().id + " " + package->manifest().version;
  }
  print(arguments, facts, name + ": " + (problem.empty() ? signer_text(found) : "REFUSED: " + problem) + "\n");
  return problem.empty() ? 0 : 1;
}

}  // namespace

int verify(const Args& args) {
  return run_with(args, syntax, run_verify);
}

}  // namespace myriad::app::plugin
