// The child of kill_ingest_test: publishes counted readings through spine and historian until it is killed, and writes
// the number of each acknowledged reading to its standard output.
//
//   kill_ingest_writer FOLDER FIRST    readings FIRST, FIRST + 1, … as kill_ingest_readings.h says
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

#include "historian/historian.h"
#include "kill_ingest_readings.h"
#include "spine/spine.h"

int main(int count, char** arguments) {
  using namespace myriad;
  if (count != 3) return 2;
  const std::string dir = arguments[1];
  std::int64_t next = std::stoll(arguments[2]);
  SystemClock clock;
  model::Points points;
  auto spine = spine::Spine::open({.file = dir + "/spine.db"}, points, clock, Log::none());
  if (!spine) return 3;
  auto history = historian::Historian::open({.file = dir + "/history.db", .chunk_readings = 64}, **spine, points, clock,
                                            Log::none());
  if (!history) return 4;

  model::PointId ids[kill_ingest::points];
  for (int i = 0; i < kill_ingest::points; ++i) ids[i] = *points.intern(kill_ingest::point_of(i));
  for (;;) {
    model::Batch batch;
    for (const std::int64_t end = next + 1 + next % 97; next < end; ++next)
      model::append(batch, ids[next % kill_ingest::points], {kill_ingest::time_of(next), next, MYRIAD_GOOD});
    const auto taken = (*spine)->append(batch.view(), [last = next - 1](const Status& status, spine::Sequence) {
      if (status && ::write(STDOUT_FILENO, &last, sizeof last) < 0) ::_exit(5);
    });
    if (!taken) return 6;
    if (next % 5 == 0) std::this_thread::yield();
    if ((*spine)->stats().queued_bytes > 1'000'000) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}
