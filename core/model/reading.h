// Readings and batches inside the daemon. They are the ABI's own structs, so that a plugin's batch is used as it came.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "myriad/plugin.h"

namespace myriad::model {

enum class PointId : std::uint32_t {};  // dense from 1, see points.h; 0 is none

using Reading = myriad_reading;

// Readings in order, borrowed. `blob` holds the text of TEXT, BYTES and JSON readings.
struct BatchView {
  std::span<const Reading> readings;
  std::span<const std::uint8_t> blob;

  std::string_view text(const Reading& r) const {
    return {reinterpret_cast<const char*>(blob.data()) + r.value.blob.offset, r.value.blob.size};
  }
  std::size_t bytes() const { return readings.size_bytes() + blob.size(); }
};

// Readings in order, owned.
struct Batch {
  std::vector<Reading> readings;
  std::vector<std::uint8_t> blob;

  BatchView view() const { return {readings, blob}; }
  void append(BatchView);                         // re-bases blob offsets
  void append(BatchView source, const Reading&);  // one reading of `source`
  void clear();
};

inline bool has_blob(const Reading& r) {
  return r.type >= MYRIAD_TEXT;
}
inline PointId point_of(const Reading& r) {
  return PointId{r.point};
}

// "good", "uncertain", "bad", "stale".
std::string_view quality_name(std::uint16_t quality);
Result<std::uint16_t> parse_quality(std::string_view name);

// Every rule of plugin.h on readings: known type and quality, time from 1970, finite numbers, BOOL 0 or 1, points
// from 1 to `last_point`, text within the blob. The error names the reading by its index.
Status check(BatchView, std::uint32_t last_point);

}  // namespace myriad::model
