// A batch as it comes over the plugin ABI.
#pragma once

#include <vector>

#include "model/reading.h"
#include "myriad/plugin.h"

namespace myriad::model {

// Its readings side by side: as they came, or copied into `copy` out of a producer's longer structs. Refuses a batch
// whose sizes or pointers cannot be; its readings are checked by check().
Result<BatchView> view_of(const myriad_batch&, std::vector<Reading>& copy);

inline myriad_batch to_abi(BatchView view, std::uint64_t sequence = 0) {
  return {sizeof(myriad_batch),
          sizeof(myriad_reading),
          view.readings.data(),
          view.blob.data(),
          static_cast<std::uint32_t>(view.readings.size()),
          static_cast<std::uint32_t>(view.blob.size()),
          sequence};
}

}  // namespace myriad::model
