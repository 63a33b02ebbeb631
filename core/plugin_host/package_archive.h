// Walks the tar of a package, and writes one. The one place that knows libarchive. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "plugin_host/package.h"
#include "plugin_host/package_places.h"

namespace myriad::plugin_host {

class ArchiveVisitor {
 public:
  virtual ~ArchiveVisitor() = default;
  // A regular file in one of a package's places, whose name no other entry has.
  virtual Status begin(std::string_view name, Place place) = 0;
  virtual Status data(std::string_view bytes) = 0;
  virtual Status end() = 0;
};

// Calls the visitor for each file of the zstd frame with which `bytes` begin, and returns how many bytes the frame
// takes. Stops at the first thing that no package holds, naming the entry, and as soon as a limit is passed; what an
// archive claims about itself costs no memory.
Result<std::size_t> walk_archive(std::string_view bytes, const PackageLimits& limits, ArchiveVisitor& visitor);

// A tar (ustar) of files, by name, in one zstd frame. Same files, same bytes: no times, owners or modes of theirs.
Result<std::string> write_archive(const std::map<std::string, std::string>& files);

}  // namespace myriad::plugin_host
