// A small file beside the log with a sequence number that no reading has yet, so that a log that had to begin anew
// gives no number twice. Written ahead, once in millions of readings. Used by one thread.
#pragma once

#include <filesystem>
#include <optional>

#include "spine/spine.h"

namespace myriad::spine {

class Mark {
 public:
  explicit Mark(const std::filesystem::path& log) : file_(log.string() + ".mark") {}

  std::optional<Sequence> read() const;
  // Numbers before `end` may be given when this succeeded. Waits for the disk, but rarely.
  Status reserve(Sequence end);

 private:
  Status write(Sequence) const;

  const std::filesystem::path file_;
  Sequence reserved_ = 0;
};

}  // namespace myriad::spine
