// Packages made by hand for tests, good and hostile: ustar headers byte by byte (POSIX.1-1988), then zstd.
#pragma once

#include <zstd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "base/temp_dir.h"
#include "plugin_host/package.h"

namespace myriad::plugin_host::testing {

struct TarEntry {
  std::string name, content;
  char type = '0';
  std::string link = {};
  std::uint64_t claims = UINT64_MAX;  // a size that is not the content's
};

inline std::string tar_entry(const TarEntry& entry) {
  std::string head(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { head.replace(at, text.size(), text); };
  const auto octal = [](std::uint64_t number) {
    char text[16];
    std::snprintf(text, sizeof text, "%011llo", static_cast<unsigned long long>(number));
    return std::string(text);
  };
  put(0, entry.name.substr(0, 100));
  put(100, "0000644");
  put(124, octal(entry.claims == UINT64_MAX ? entry.content.size() : entry.claims));
  put(136, octal(0));
  put(148, "        ");
  put(156, std::string(1, entry.type));
  put(157, entry.link);
  put(257, std::string("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : head) sum += static_cast<unsigned char>(c);
  put(148, octal(sum).substr(5) + '\0');
  return head + entry.content + std::string((512 - entry.content.size() % 512) % 512, '\0');
}

inline std::string tar_of(const std::vector<TarEntry>& entries) {
  std::string out;
  for (const auto& entry : entries) out += tar_entry(entry);
  return out + std::string(1024, '\0');
}

inline std::string zstd_of(std::string_view bytes, int level = 1, int window_log = 0) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> zstd(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_compressionLevel, level);
  if (window_log) ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_windowLog, window_log);
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress2(zstd.get(), out.data(), out.size(), bytes.data(), bytes.size()));
  return out;
}

inline nlohmann::json meter_manifest() {
  return {{"id", "meter"},
          {"version", "1.2.0"},
          {"kind", "device"},
          {"library", "meter.so"},
          {"abi", {{"built", "1.0"}, {"min", "1.0"}}},
          {"provides", {"myriad.device/1"}},
          {"config_schema", {{"type", "object"}}}};
}

inline TarEntry manifest_entry() {
  return {"manifest.json", meter_manifest().dump()};
}
inline TarEntry library_entry() {
  return {"lib/x86_64/meter.so", "a library"};
}

// A package of a manifest, a library and `more`.
inline std::string package_with(const std::vector<TarEntry>& more) {
  std::vector<TarEntry> entries{manifest_entry(), library_entry()};
  entries.insert(entries.end(), more.begin(), more.end());
  return zstd_of(tar_of(entries));
}

}  // namespace myriad::plugin_host::testing
