#include "app/bench/size.h"

namespace myriad::app::bench {
namespace {

// The file and what a checkpoint could not yet move into it.
double bytes_of(const std::filesystem::path& file) {
  double bytes = 0;
  for (const char* part : {"", "-wal"}) {
    std::error_code none;
    const auto size = std::filesystem::file_size(file.string() + part, none);
    if (!none) bytes += static_cast<double>(size);
  }
  return bytes;
}

}  // namespace

Result<Size> measure_size(const std::filesystem::path& data, const std::function<Status(Flow&)>& fill,
                          Progress& progress) {
  Size size;
  {
    auto flow = Flow::open(data);
    if (!flow) return flow.error();
    if (auto filled = fill(**flow); !filled) return filled.error();
    if (auto taken = (*flow)->wait_until_taken(progress); !taken) return taken.error();
    if (auto settled = (*flow)->settle(progress); !settled) return settled.error();
    size.readings = (*flow)->floors().history->stats().readings;
  }  // the last connection checkpoints the log into the file
  size.history_bytes = bytes_of(data / "history.db");
  size.spine_bytes = bytes_of(data / "spine.db");
  return size;
}

}  // namespace myriad::app::bench
