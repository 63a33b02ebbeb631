// What a HistoryWalk reads as JSON, CSV or NDJSON, piece by piece. For one thread at a time.
#pragma once

#include <functional>
#include <string>

#include "api/history_walk.h"
#include "base/time_text.h"

namespace myriad::api {

class HistoryText {
 public:
  explicit HistoryText(HistoryWalk walk);

  // Some more text, of about 256 KiB unless a single reading is longer; empty only at the end. `go_on` may break the
  // search for rows off.
  Result<std::string> next(const std::function<bool()>& go_on);
  bool at_end() const { return ended_; }

  // At the end of a page of JSON: the cursor of the next one, empty when there is none.
  std::string cursor() const;

 private:
  bool is_json() const { return walk_.query().format == HistoryFormat::json; }
  bool has_rows() const;
  std::string_view head() const;
  void append(std::string& out, const HistoryWalk::Rows&);
  void append_json(std::string& out, const HistoryWalk::Rows&);
  void append_series_head(std::string& out, const HistoryWalk::Rows&);
  void append_csv(std::string& out, const HistoryWalk::Rows&);
  void append_lines(std::string& out, const HistoryWalk::Rows&);
  void append_tail(std::string& out) const;

  HistoryWalk walk_;
  TimeWriter times_;
  std::size_t left_, rows_;  // rows that may still come; that the next piece asks for
  std::size_t series_ = 0;   // of JSON, begun
  bool begun_ = false, ended_ = false, series_open_ = false;
};

}  // namespace myriad::api
