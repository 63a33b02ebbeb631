// Plays a recorded CSV file: reading rows is pure over a stream; playing them keeps the recorded pace.
#pragma once

#include <fstream>
#include <functional>
#include <variant>

#include "config.h"
#include "csv.h"
#include "publisher.h"

namespace simulator {

// RFC 3339; "YYYY-MM-DD HH:MM:SS[.f]" without a zone; s, ms, us or ns since 1970. 1970 to 2262, in ns.
std::optional<std::int64_t> parse_time(std::string_view text, int utc_offset_min);

// nothing: the cell is empty.
using Cell = std::variant<std::monostate, double, std::int64_t, bool, std::string>;
std::optional<Cell> parse_cell(Type type, std::string_view text);

// The rows of one recording, in file order. `bad` is told of each row or cell that is left out, with its line.
class Recording {
 public:
  struct Row {
    std::int64_t time_ns;
    std::vector<Cell> cells;  // one per configured column
  };
  using Bad = std::function<void(const std::string&)>;
  // Reads the header. Throws myriad::Failure INVALID when a column is not there.
  Recording(std::istream& in, const ReplayConfig& config, Bad bad);
  bool next(Row& row);

 private:
  std::size_t index_of(std::string_view header) const;
  bool take(Row& row);
  void complain(const std::string& what) const;

  CsvReader csv_;
  const ReplayConfig& config_;
  Bad bad_;
  std::vector<std::string> cells_;
  std::size_t width_ = 0, time_index_ = 0;
  std::vector<std::size_t> indexes_;
};

// Plays it. describe() on a control thread, then run() on a thread of its own.
class Replay {
 public:
  Replay(myriad::Host host, const ReplayConfig& config) : host_(host), config_(config), publisher_(host) {}
  void describe() const;                  // opens the file once to check it, and puts the Thing
  void run(const std::stop_token& stop);  // until the end of the file, or until stopped

 private:
  bool play(const std::stop_token& stop);  // one round; false when there is no other
  std::int64_t due(const Recording::Row& row, std::int64_t first_ns) const;
  bool wait_for(std::int64_t due_ns, const std::stop_token& stop);
  void add(const Recording::Row& row, std::int64_t due_ns);
  bool flush(const std::stop_token& stop);
  void note_bad(const std::string& what);

  myriad::Host host_;
  ReplayConfig config_;
  Publisher publisher_;
  myriad::Batch batch_;
  std::vector<std::uint32_t> points_;
  std::int64_t begin_ns_ = 0, latest_ns_ = 0;
  std::uint64_t bad_ = 0;
};

}  // namespace simulator
