// Joins small, late and loosely encoded chunks of a series into few that do not overlap, encoded as tightly as can be.
// [writer]
#pragma once

#include <functional>

#include "historian/chunk_codec.h"
#include "historian/history_file.h"
#include "historian/store.h"

namespace myriad::historian {

class Tidier {
 public:
  Tidier(HistoryFile& file, Store& store, const Clock& clock, std::size_t chunk_readings,
         std::function<void(const Error&)> damaged)
      : file_(file), store_(store), clock_(clock), most_(chunk_readings), damaged_(std::move(damaged)) {}

  // Nothing of the series waits for the disk.
  Status tidy(const StoredSeries&);

 private:
  struct Loose {  // the untidy chunks of a series, joined
    Chunk readings;
    std::vector<std::int64_t> ids;
    Revised revised;
  };
  struct Plan;  // what becomes of a series

  Result<Loose> gather(HistoryReader&, const StoredSeries&, Plan&);
  Status place(HistoryReader&, const StoredSeries&, const Loose&, Plan&);
  void write(Plan&, Chunk&, bool last);
  void write_part(Plan&, const Chunk& group, std::size_t first, std::size_t last, bool waits);

  HistoryFile& file_;
  Store& store_;
  const Clock& clock_;
  const std::size_t most_;
  const std::function<void(const Error&)> damaged_;
  ChunkEncoder encoder_;
};

}  // namespace myriad::historian
