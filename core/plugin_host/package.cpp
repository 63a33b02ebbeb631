#include "plugin_host/package.h"

#include <zstd.h>

#include <algorithm>

#include "base/files.h"
#include "plugin_host/digest.h"
#include "plugin_host/manifest.h"
#include "plugin_host/package_archive.h"
#include "plugin_host/staging.h"

namespace myriad::plugin_host {
namespace {

// RFC 8878, 3.1.2: four bytes of magic number, four of size, then content that every zstd reader skips.
constexpr std::uint32_t signature_magic = ZSTD_MAGIC_SKIPPABLE_START + 13;
constexpr std::size_t head_size = 8;
constexpr std::size_t signature_max = 1 << 20;

std::string little_endian(std::uint32_t number) {
  std::string out;
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(number >> shift & 0xff);
  return out;
}

std::string signature_head(std::size_t size) {
  return little_endian(signature_magic) + little_endian(static_cast<std::uint32_t>(size));
}

// Nothing, or one signature and nothing else.
Status check_rest(std::string_view rest) {
  if (rest.empty()) return {};
  const bool is_signature = rest.size() > head_size && rest.size() <= head_size + signature_max &&
                            rest.starts_with(signature_head(rest.size() - head_size));
  if (is_signature) return {};
  return Error{Code::invalid, std::to_string(rest.size()) +
                                  " bytes follow its archive that are no signature: fetch the package again"};
}

// Digests every file and keeps the two that say what the package is.
class Contents final : public ArchiveVisitor {
 public:
  Status begin(std::string_view name, Place place) override {
    name_ = name;
    place_ = place;
    digest_.emplace();
    if (place == Place::library || place == Place::script) libraries_.push_back(name_);
    return {};
  }

  Status data(std::string_view bytes) override {
    digest_->update(bytes);
    if (place_ != Place::manifest && place_ != Place::schema) return {};
    auto& text = place_ == Place::manifest ? manifest_ : schema_;
    if (text.size() + bytes.size() > text_max)
      return Error{Code::too_large, "entry '" + name_ + "' is larger than 4 MiB: shorten it"};
    text += bytes;
    return {};
  }

  Status end() override {
    files_[name_] = digest_->hex();
    return {};
  }

  Result<Manifest> manifest() const {
    if (!files_.contains("manifest.json"))
      return Error{Code::invalid, "manifest.json is missing: every package has one at its root"};
    if (files_.contains("schema.json") && schema_.empty())
      return Error{Code::invalid, "entry 'schema.json' is empty: write a JSON Schema (draft 7), or leave it out"};
    auto manifest = parse_manifest(manifest_, {}, schema_);
    if (!manifest) return manifest;
    if (auto ok = check_libraries(*manifest); !ok) return ok.error();
    return manifest;
  }

  std::map<std::string, std::string> files() && { return std::move(files_); }

 private:
  Status check_libraries(const Manifest& m) const {
    const bool is_script = m.runtime == Runtime::node;
    const std::string wanted = is_script ? m.library : "lib/<architecture>/" + m.library;
    if (libraries_.empty()) return Error{Code::invalid, wanted + " is missing: build the plugin, then pack it again"};
    for (const auto& name : libraries_) {
      const bool fits = is_script ? name == m.library : name.starts_with("lib/") && name.ends_with("/" + m.library);
      if (!fits) return Error{Code::invalid, "entry '" + name + "' should be '" + wanted + "', as the manifest says"};
    }
    return {};
  }

  static constexpr std::size_t text_max = 4 << 20;
  std::string name_;
  Place place_ = Place::extra;
  std::optional<Sha256> digest_;
  std::map<std::string, std::string> files_;
  std::vector<std::string> libraries_;
  std::string manifest_, schema_;
};

class Unpacking final : public ArchiveVisitor {
 public:
  explicit Unpacking(Staging& staging) : staging_(staging) {}
  Status begin(std::string_view name, Place) override { return staging_.create(std::string(name)); }
  Status data(std::string_view bytes) override { return staging_.write(bytes); }
  Status end() override { return staging_.finish(); }

 private:
  Staging& staging_;
};

}  // namespace

Result<Package> Package::open(const std::filesystem::path& file, const PackageLimits& limits) {
  auto bytes = read_file(file, limits.archive);
  if (!bytes) return bytes.error();
  auto package = read(*std::move(bytes), limits);
  if (!package)
    return Error{package.error().code, file.string() + ": " + package.error().message, package.error().field};
  return package;
}

Result<Package> Package::read(std::string bytes, const PackageLimits& limits) {
  if (bytes.size() > limits.archive)
    return Error{Code::too_large,
                 "the package is larger than " + std::to_string(limits.archive >> 20) + " MiB: make it smaller"};
  Package package;
  package.bytes_ = std::make_shared<const std::string>(std::move(bytes));
  package.limits_ = limits;
  Contents contents;
  const auto size = walk_archive(*package.bytes_, limits, contents);
  if (!size) return size.error();
  package.archive_size_ = *size;
  if (auto ok = check_rest(std::string_view(*package.bytes_).substr(*size)); !ok) return ok.error();
  auto manifest = contents.manifest();
  if (!manifest) return manifest.error();
  package.manifest_ = *std::move(manifest);
  package.files_ = std::move(contents).files();
  return package;
}

std::vector<std::string> Package::architectures() const {
  std::vector<std::string> out;
  for (const auto& [name, digest] : files_)
    if (name.starts_with("lib/")) out.push_back(name.substr(4, name.find('/', 4) - 4));
  return out;
}

std::string_view Package::signature() const {
  const auto rest = std::string_view(*bytes_).substr(archive_size_);
  return rest.empty() ? rest : rest.substr(head_size);
}

std::string Package::with_signature(std::string_view text) const {
  return std::string(archive()) + signature_head(text.size()) + std::string(text);
}

Status Package::unpack(const std::filesystem::path& into) const {
  auto staging = Staging::begin(into);
  if (!staging) return staging.error();
  Unpacking unpacking(*staging);
  if (const auto walked = walk_archive(archive(), limits_, unpacking); !walked) return walked.error();
  return staging->commit();
}

}  // namespace myriad::plugin_host
