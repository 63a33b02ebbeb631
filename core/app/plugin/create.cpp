#include <nlohmann/json.hpp>

#include "app/arguments.h"
#include "app/plugin/commands.h"
#include "app/plugin/scaffold.h"
#include "base/files.h"

namespace myriad::app::plugin {
namespace {

namespace fs = std::filesystem;

const Syntax syntax{R"(usage: myriad plugin new --kind device|protocol|analytics NAME [--json]

Writes the folder NAME with a complete plugin of that kind: sources, manifest, test, README, sample configuration, icon.
It builds outside Myriad's tree with the SDK alone, and passes its test; replace its middle by your own.

  device      reads equipment and publishes readings
  protocol    sends readings out
  analytics   computes readings from readings, and keeps its state

NAME is the plugin's id: a-z, 0-9 and '_', beginning with a letter, at most 64.
)",
                    {"NAME"},
                    {"kind"},
                    {}};

Status write(const fs::path& folder, const std::map<std::string, std::string>& files) {
  std::error_code ec;
  if (!fs::create_directory(folder, ec))
    return Error{ec ? Code::denied : Code::exists,
                 ec ? "cannot make the folder " + folder.string() + ": " + ec.message()
                    : "the folder " + folder.string() + " is there already: choose another name, or remove it"};
  for (const auto& [name, text] : files) {
    fs::create_directories((folder / name).parent_path(), ec);
    if (auto ok = write_new_file(folder / name, text, 0644); !ok) return ok;
  }
  return {};
}

Result<int> run_new(const Arguments& arguments) {
  const auto& name = arguments.given[0];
  const auto files = scaffold(arguments.option("kind"), name);
  if (!files) return files.error();
  if (auto ok = write(name, *files); !ok) return ok.error();
  auto names = nlohmann::json::array();
  std::string text = "Wrote " + name + "/:\n";
  for (const auto& [file, content] : *files) {
    names.push_back(file);
    text += "  " + file + "\n";
  }
  text += "Build it:\n  cmake -S " + name + " -B " + name +
          "/build -G Ninja -DCMAKE_PREFIX_PATH=<Myriad's build folder or where its SDK is>\n  cmake --build " + name +
          "/build\n  ctest --test-dir " + name + "/build\n";
  print(arguments, {{"folder", name}, {"kind", arguments.option("kind")}, {"files", names}}, text);
  return 0;
}

}  // namespace

int create(const Args& args) {
  return run_with(args, syntax, run_new);
}

}  // namespace myriad::app::plugin
