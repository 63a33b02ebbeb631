// Reads what a HistoryQuery asks, piece by piece: points in the order of their names, of each the aggregates in the
// order of the query, each by ascending time. For one thread at a time; outlived by the Parts. Movable.
#pragma once

#include <string>
#include <vector>

#include "api/history_query.h"

namespace myriad::api {

class HistoryWalk {
 public:
  HistoryWalk(const Parts&, HistoryQuery);

  struct Rows {  // of one series: a point, or an aggregate of it
    std::string point;
    std::optional<historian::Aggregate> aggregate;
    std::vector<model::Sample> samples;  // without aggregate
    std::vector<historian::Row> rows;    // with
    bool begins = false, ends = false;   // whether these are the first that the walk gives of it, and the last

    std::size_t size() const { return samples.size() + rows.size(); }
  };
  bool at_end() const { return at_ == points_.size(); }
  // The next rows, at most `limit` and all of one series: none when that has none. Not at the end.
  Result<Rows> next(std::size_t limit);

  // Where next() goes on, for encode_cursor; not at the end.
  std::string position() const;
  const HistoryQuery& query() const { return query_; }
  std::string unit(const Rows&) const;  // of the values; empty when unknown

 private:
  Status read_samples(Rows&, std::size_t limit);
  Status read_rows(Rows&, std::size_t limit);
  Status end_series();
  void begin_series();

  const Parts* parts_;
  HistoryQuery query_;
  std::vector<std::string> points_;  // by name
  std::size_t at_ = 0;               // the point to read next
  HistoryPosition position_;         // in it; its point is not kept up
  bool begun_ = false;               // something of the series was given
};

}  // namespace myriad::api
