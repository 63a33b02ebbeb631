// Reads what a HistoryQuery asks, piece by piece: points in the order of their names, each by ascending time. For one
// thread at a time; outlived by the Parts. Movable.
#pragma once

#include <string>
#include <vector>

#include "api/history_query.h"

namespace myriad::api {

class HistoryWalk {
 public:
  HistoryWalk(const Parts&, HistoryQuery);

  struct Rows {  // of one point
    std::string point;
    std::vector<model::Sample> samples;
  };
  bool at_end() const { return at_ == points_.size(); }
  // The next rows, at most `limit` and all of one point: none when that point has none. Not at the end.
  Result<Rows> next(std::size_t limit);

  // Where next() goes on, for encode_cursor; not at the end.
  std::string position() const;
  const HistoryQuery& query() const { return query_; }

 private:
  const Parts* parts_;
  HistoryQuery query_;
  std::vector<std::string> points_;  // by name
  std::size_t at_ = 0;               // the point to read next, from time_
  Nanos time_ = 0;
};

}  // namespace myriad::api
