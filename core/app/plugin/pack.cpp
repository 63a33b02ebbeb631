#include <nlohmann/json.hpp>

#include "app/arguments.h"
#include "app/plugin/commands.h"
#include "plugin_host/package.h"

namespace myriad::app::plugin {
namespace {

const Syntax syntax{R"(usage: myriad plugin pack FOLDER --out FILE [--json]

Makes the package FILE of a built plugin. FOLDER is what its build leaves, <build>/<id>: manifest.json and <id>.so, and
README.md, sample.json, schema.json, icon.svg, icon.png, LICENSE, translations/<language>.json where they exist. For several
machines put the libraries into lib/<architecture>/, named as `uname -m` writes it. The same files give the same package.
)",
                    {"FOLDER"},
                    {"out"},
                    {}};

Result<int> run_pack(const Arguments& arguments) {
  const auto file = arguments.option("out");
  const auto package = plugin_host::pack(arguments.given[0], file);
  if (!package) return package.error();
  const auto& manifest = package->manifest();
  std::string text = file + ": " + manifest.id + " " + manifest.version + ", " +
                     std::to_string(package->archive().size()) + " bytes, not signed\n";
  for (const auto& [name, digest] : package->files()) text += "  " + name + "\n";
  print(arguments,
        {{"package", file},
         {"id", manifest.id},
         {"version", manifest.version},
         {"bytes", package->archive().size()},
         {"architectures", package->architectures()},
         {"files", package->files()}},
        text);
  return 0;
}

}  // namespace

int pack(const Args& args) {
  return run_with(args, syntax, run_pack);
}

}  // namespace myriad::app::plugin
