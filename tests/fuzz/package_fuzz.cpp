// A stranger's package: the bytes as they are, and the same as the tar of a zstd frame that is right, since few inputs
// would come that far otherwise. What is read holds only what a package may, and reads the same again.
#include <zstd.h>

#include <cstdlib>

#include "plugin_host/package.h"
#include "plugin_host/package_places.h"

namespace {

using namespace myriad::plugin_host;

constexpr PackageLimits limits{.archive = 1 << 20, .unpacked = 4 << 20, .file = 2 << 20, .entries = 20};

void check(const std::string& bytes) {
  const auto package = Package::read(bytes, limits);
  if (!package) {
    if (package.error().message.empty()) std::abort();
    return;
  }
  NamesSeen seen;
  for (const auto& [name, digest] : package->files())
    if (!place_of(name, false) || !seen.add(name) || digest.size() != 64) std::abort();
  if (package->files().size() > limits.entries) std::abort();
  if (package->with_signature(package->signature()) != bytes && !package->signature().empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  std::string framed(ZSTD_compressBound(size), '\0');
  framed.resize(ZSTD_compress(framed.data(), framed.size(), data, size, -5));
  check(framed);
  return 0;
}
