// Which names a package may hold, and what each is. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace myriad::plugin_host {

enum class Place : std::uint8_t {
  folder,  // lib, lib/<architecture>, translations
  manifest,
  schema,
  library,  // lib/<architecture>/<id>.so
  script,   // <id>.mjs
  translation,
  extra,  // icon, README, sample, licence
};

// A name as the archive writes it, "lib/x86_64/meter.so"; a folder's may end with '/'. Refuses whatever could lead out
// of the folder that it is unpacked into, and every name without a place, with the mend.
Result<Place> place_of(std::string_view name, bool is_folder);

// Names seen so far; two that differ only by case are one on some file systems.
class NamesSeen {
 public:
  Status add(std::string_view name);

 private:
  std::set<std::string, std::less<>> folded_;
};

// For messages: odd characters escaped, at most 120 characters.
std::string shown(std::string_view name);

}  // namespace myriad::plugin_host
