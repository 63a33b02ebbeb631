#include <elf.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstring>

#include "base/files.h"
#include "plugin_host/manifest.h"
#include "plugin_host/package.h"
#include "plugin_host/package_archive.h"

namespace myriad::plugin_host {
namespace {

namespace fs = std::filesystem;

Error refused(const std::string& file, const std::string& why) {
  return {Code::invalid, file + " " + why};
}

std::string this_machine() {
  utsname names{};
  ::uname(&names);
  return names.machine;
}

struct Machine {
  Elf64_Half elf;
  std::string_view prefix, usual;  // of its names, as `uname -m` writes them
};
constexpr Machine machines[] = {{EM_X86_64, "x86_64", "x86_64"}, {EM_AARCH64, "aarch64", "aarch64"},
                                {EM_ARM, "arm", "armv7l"},       {EM_386, "i", "i686"},
                                {EM_RISCV, "riscv", "riscv64"},  {EM_PPC64, "ppc64", "ppc64le"},
                                {EM_S390, "s390", "s390x"},      {EM_LOONGARCH, "loongarch", "loongarch64"},
                                {EM_MIPS, "mips", "mips64"}};

// What a shared library (ELF) is for; one without a name when that is not known here.
Result<Machine> machine_of(const std::string& file, std::string_view bytes) {
  Elf64_Ehdr head{};
  std::memcpy(&head, bytes.data(), std::min(bytes.size(), sizeof head));
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_type != ET_DYN)
    return refused(file, "is no shared library: build the plugin first");
  for (const auto& machine : machines)
    if (machine.elf == head.e_machine) return machine;
  return Machine{head.e_machine, "", ""};
}

class Packing {
 public:
  explicit Packing(fs::path folder) : folder_(std::move(folder)) {}

  Result<Package> run(const fs::path& out) {
    if (auto ok = read_manifest(); !ok) return ok.error();
    if (auto ok = add_folder(""); !ok) return ok.error();
    auto bytes = write_archive(files_);
    if (!bytes) return bytes.error();
    auto package = Package::read(*std::move(bytes));  // what is refused later should never be made
    if (!package) return package;
    if (auto ok = replace_file(out, package->archive(), 0644); !ok) return ok.error();
    return package;
  }

 private:
  Status read_manifest() {
    const auto text = read_file(folder_ / "manifest.json", limits_.file);
    if (!text) return Error{text.error().code, text.error().message + "; name the folder of a built plugin"};
    const auto schema = read_file(folder_ / "schema.json", limits_.file);
    auto manifest = parse_manifest(*text, {}, schema ? std::string_view(*schema) : std::string_view());
    if (!manifest) return manifest.error();
    manifest_ = *std::move(manifest);
    return {};
  }

  Status add_folder(const std::string& prefix) {
    std::error_code ec;
    fs::directory_iterator entries(folder_ / prefix, ec);
    for (; !ec && entries != fs::directory_iterator(); entries.increment(ec))
      if (auto ok = add(prefix + entries->path().filename().string(), *entries); !ok) return ok;
    if (ec) return Error{Code::denied, "cannot read " + (folder_ / prefix).string() + ": " + ec.message()};
    return {};
  }

  Status add(const std::string& name, const fs::directory_entry& entry) {
    std::error_code ec;
    const bool is_folder = entry.is_directory(ec);
    if (entry.is_symlink(ec)) return refused(entry.path().string(), "is a link: put the file itself there");
    const bool is_flat = name == manifest_.library && manifest_.runtime == Runtime::native;
    if (!is_flat)
      if (auto place = place_of(name, is_folder); !place) return place.error();
    if (is_folder) return add_folder(name + "/");
    auto bytes = read_file(entry.path(), limits_.file);
    if (!bytes) return bytes.error();
    return is_flat || name.starts_with("lib/") ? add_library(name, *std::move(bytes))
                                               : add_file(name, *std::move(bytes));
  }

  Status add_library(const std::string& name, std::string bytes) {
    const auto path = (folder_ / name).string();
    const auto machine = machine_of(path, bytes);
    if (!machine) return machine.error();
    const std::string prefix(machine->prefix), usual(machine->usual);
    if (name.starts_with("lib/")) {
      if (!name.starts_with("lib/" + prefix))
        return refused(path, "is for " + usual + ": put it into lib/" + usual + "/");
      return add_file(name, std::move(bytes));
    }
    if (prefix.empty()) return refused(path, "is for a machine not known here: put it into lib/<architecture>/");
    return add_file("lib/" + (this_machine().starts_with(prefix) ? this_machine() : usual) + "/" + name,
                    std::move(bytes));
  }

  Status add_file(const std::string& name, std::string bytes) {
    total_ += bytes.size();
    if (total_ > limits_.unpacked)
      return Error{Code::too_large, folder_.string() + " holds more than " + std::to_string(limits_.unpacked >> 20) +
                                        " MiB: leave out what the plugin does not need"};
    if (files_.emplace(name, std::move(bytes)).second) return {};
    return refused(folder_.string(), "holds " + name + " twice, there and beside the manifest: leave one out");
  }

  const fs::path folder_;
  const PackageLimits limits_;
  Manifest manifest_;
  std::map<std::string, std::string> files_;
  std::uint64_t total_ = 0;
};

}  // namespace

Result<Package> pack(const fs::path& folder, const fs::path& out) {
  return Packing(folder).run(out);
}

}  // namespace myriad::plugin_host
