#include <iostream>

#include "app/plugin/commands.h"

namespace myriad::app::plugin {
namespace {

struct Command {
  const char *name, *what;
  int (*run)(const Args&);
};

constexpr Command commands[] = {
    {"new", "write the sources of a new plugin, which builds and passes its test", create},
    {"check", "try a built plugin, as an installation would and more", check},
    {"pack", "make a package (.mpk) of a built plugin", pack},
    {"keygen", "make a key to sign packages with", keygen},
    {"sign", "sign a package", sign},
    {"verify", "check a package and its signature", verify},
    {"trust", "add, list or remove the keys whose packages a site takes", trust},
    {"install", "install a package on a running site, or upgrade to it", install},
    {"list", "the plugins of a running site", list},
    {"rollback", "go back to an older version that is installed", roll_back},
    {"remove", "remove an installed plugin that nobody uses", remove},
};

void print_usage(std::ostream& out) {
  out << "usage: myriad plugin COMMAND [options]\n\n";
  for (const auto& command : commands) {
    const std::string name = command.name;
    out << "  " << name << std::string(10 - name.size(), ' ') << command.what << '\n';
  }
  out << R"(
From nothing to a package that a site takes:

  myriad plugin new --kind device acme_probe
  cmake -S acme_probe -B acme_probe/build -G Ninja -DCMAKE_PREFIX_PATH=<Myriad's build folder or where its SDK is>
  cmake --build acme_probe/build
  myriad plugin check acme_probe/build/acme_probe/acme_probe.so
  myriad plugin keygen --out vendor.key
  myriad plugin pack acme_probe/build/acme_probe --out acme_probe.mpk
  myriad plugin sign acme_probe.mpk --key vendor.key
  myriad plugin verify acme_probe.mpk --key vendor.key.pub
  myriad plugin trust add vendor.key.pub --name acme --data <the site's data directory>
  myriad plugin install acme_probe.mpk --site <the site's address>

myriad plugin COMMAND --help says more. Exit codes: 0 done, 1 failed, 2 misused.
)";
}

}  // namespace

int run(const Args& args) {
  const std::string name = args.empty() ? "" : args[0];
  for (const auto& command : commands)
    if (name == command.name) return command.run({args.begin() + 1, args.end()});
  if (name == "--help" || name == "-h" || name == "help") {
    print_usage(std::cout);
    return 0;
  }
  if (!name.empty()) std::cerr << "myriad: there is no command 'plugin " << name << "'\n\n";
  print_usage(std::cerr);
  return 2;
}

}  // namespace myriad::app::plugin
