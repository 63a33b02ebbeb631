// A plugin's package, `<id>-<version>.mpk`: a tar in one zstd frame, then perhaps a signature (signature.h). At its
// root:
//
//   manifest.json                   id, version, kind and so on (manifest.h)
//   lib/<architecture>/<id>.so      for each machine, as `uname -m` calls it; or
//   <id>.mjs                        the script, of a plugin for Node.js
//   schema.json                     optional: the configuration's schema, in place of the manifest's config_schema
//   translations/<language>.json    optional, as are icon.svg, icon.png, README.md, sample.json, LICENSE
//
// Packages come from strangers: whatever is none of this is refused, and the message says the entry and the mend.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plugin_host/plugins.h"

namespace myriad::plugin_host {

struct PackageLimits {
  std::uint64_t archive = 64 << 20;    // bytes of the .mpk
  std::uint64_t unpacked = 256 << 20;  // bytes of all files
  std::uint64_t file = 128 << 20;      // bytes of one
  std::size_t entries = 1'000;
};

// Read once into memory, so that what is verified is what is unpacked. Thread-safe: never changes.
class Package {
 public:
  static Result<Package> open(const std::filesystem::path& file, const PackageLimits& limits = {});
  static Result<Package> read(std::string bytes, const PackageLimits& limits = {});

  const Manifest& manifest() const { return manifest_; }
  const std::map<std::string, std::string>& files() const { return files_; }  // name → SHA-256, in hexadecimal
  std::vector<std::string> architectures() const;                             // none for a script
  std::string_view archive() const { return std::string_view(*bytes_).substr(0, archive_size_); }
  std::string_view signature() const;  // the text after the archive; empty when unsigned
  // The bytes of this package with that text (at most 1 MiB, not empty) in place of its signature.
  std::string with_signature(std::string_view text) const;

  // Writes the files to `into`, which must not exist; its parent must. All or nothing, and on disk when OK.
  Status unpack(const std::filesystem::path& into) const;

 private:
  Package() = default;

  std::shared_ptr<const std::string> bytes_;
  PackageLimits limits_;
  std::size_t archive_size_ = 0;
  std::map<std::string, std::string> files_;
  Manifest manifest_;
};

// Packs a built plugin: `folder` holds manifest.json, and the library either beside it as <id>.so or in
// lib/<architecture>/. Same files, same bytes. Overwrites `out`.
Result<Package> pack(const std::filesystem::path& folder, const std::filesystem::path& out);

}  // namespace myriad::plugin_host
