// Recorded files of any content: rows are read or refused, and the reader always comes to the end.
#include <cstdlib>
#include <sstream>

#include "device/simulator/replay.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using simulator::Type;
  static const simulator::ReplayConfig config{"fuzz.csv",
                                              "it",
                                              "t",
                                              {{"n", "n", "", Type::number},
                                               {"i", "i", "", Type::integer},
                                               {"b", "b", "", Type::boolean},
                                               {"s", "s", "", Type::text}},
                                              0,
                                              false,
                                              true,
                                              -90};
  std::istringstream in("t,n,i,b,s\n" + std::string(reinterpret_cast<const char*>(data), size));
  std::size_t bad = 0, rows = 0;
  simulator::Recording recording(in, config, [&](const std::string&) { ++bad; });
  for (simulator::Recording::Row row; recording.next(row); ++rows)
    if (row.time_ns < 0 || row.cells.size() != 4) std::abort();
  if (rows + bad > 5 * (size + 1)) std::abort();
  return 0;
}
