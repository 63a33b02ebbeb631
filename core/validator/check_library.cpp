#include <dlfcn.h>

#include <algorithm>

#include "validator/check.h"
#include "validator/elf_file.h"

namespace myriad::validator {
namespace {

namespace fs = std::filesystem;

// Of this very program.
Result<ElfFile> own_elf() {
  return read_elf("/proc/self/exe");
}

std::string joined(const std::vector<std::string>& words, std::size_t most) {
  std::string out;
  for (std::size_t i = 0; i < std::min(words.size(), most); ++i) out += (i ? ", " : "") + words[i];
  return out + (words.size() > most ? " and " + std::to_string(words.size() - most) + " more" : "");
}

// As the dynamic linker does, which reads $ORIGIN as the library's folder.
fs::path expanded(std::string folder, const fs::path& origin) {
  for (const std::string name : {"${ORIGIN}", "$ORIGIN"})
    if (const auto at = folder.find(name); at != std::string::npos) folder.replace(at, name.size(), origin.string());
  return folder;
}

// Loads it, which runs its constructors: nothing else tells as surely whether it can be found.
bool can_load(const std::string& name, const ElfFile& elf, const fs::path& origin, std::string& why) {
  for (const auto& folder : elf.search)
    if (::dlopen((expanded(folder, origin) / name).c_str(), RTLD_LAZY | RTLD_LOCAL)) return true;
  if (::dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL)) return true;
  const char* said = ::dlerror();
  why = said ? said : name + " cannot be loaded";
  return false;
}

}  // namespace

void check_library(const Place& place, Judge& judge) {
  const auto name = place.library.string();
  std::error_code error;
  if (!fs::is_regular_file(place.library, error))
    return judge.give_up(name + " is missing", "build the plugin, and put the library beside manifest.json");
  const auto elf = read_elf(place.library), own = own_elf();
  if (!elf)
    return judge.fail(name + ": " + elf.error().message, "build it as a shared library (myriad_add_plugin does)");
  if (!elf->shared) judge.fail(name + " is no shared library", "link it with -shared, as a MODULE library in CMake");
  if (own && (elf->machine != own->machine || elf->bits != own->bits))
    judge.give_up(name + " is for another machine (ELF machine " + std::to_string(elf->machine) + ", " +
                      std::to_string(elf->bits) + " bits)",
                  "build it for this machine (ELF machine " + std::to_string(own->machine) + ")");
}

void check_symbols(const Place& place, Judge& judge) {
  const auto elf = read_elf(place.library);
  if (!elf) return judge.fail(elf.error().message, "build it as a shared library");
  auto others = elf->shown;
  const bool entry = std::erase(others, MYRIAD_ENTRY_SYMBOL) > 0;
  if (!entry)
    judge.fail("it does not export " MYRIAD_ENTRY_SYMBOL,
               "end the plugin with MYRIAD_PLUGIN(…), or define the function with MYRIAD_EXPORT in C");
  if (!others.empty())
    judge.fail("it exports " + joined(others, 5) + " besides, which may clash with another plugin's",
               "link it with sdk/cmake/plugin.map (myriad_add_plugin does)");
}

void check_libraries(const Place& place, Judge& judge) {
  const auto elf = read_elf(place.library);
  if (!elf) return judge.fail(elf.error().message, "build it as a shared library");
  for (const auto& name : elf->needed) {
    judge.calling("in the constructors of " + name);
    std::string why;
    if (!can_load(name, *elf, place.library.parent_path(), why))
      judge.fail("it needs " + name + ": " + why, "install the package that holds " + name + ", or link it statically");
  }
  judge.note("it needs " + joined(elf->needed, 20));
}

}  // namespace myriad::validator
