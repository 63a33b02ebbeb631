// The part of a daemon that readings pass: spine, historian, latest values, plugins; wired as `myriad serve` wires it,
// in a folder of its own. With doors when asked. One thread uses it.
#pragma once

#include "app/bench/progress.h"
#include "app/bench/walks.h"
#include "app/floors.h"

namespace myriad::app::bench {

class Flow {
 public:
  // Makes the folder.
  static Result<std::unique_ptr<Flow>> open(const std::filesystem::path& data);
  ~Flow();  // what was published is on disk

  Floors& floors() { return floors_; }
  // Ids of points that need no Thing: `<prefix>-1/value` and so on.
  Result<std::vector<std::uint32_t>> intern(const std::string& prefix, std::uint32_t count);
  // Appends so many readings, waiting while the spine is full.
  Status publish(Walks&, std::uint64_t readings, Progress&);
  // Until historian and latest values have all that the spine committed.
  Status wait_until_taken(Progress&);
  // Then: until the historian has brought what it has into its final form.
  Status settle(Progress&);
  // REST on loopback, without TLS: its port. The administrator has `password`.
  Result<std::uint16_t> serve(const std::string& password);

 private:
  explicit Flow(const std::filesystem::path& data);

  ServeOptions options_;
  Logging logging_;
  Floors floors_;
};

}  // namespace myriad::app::bench
