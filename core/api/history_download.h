// GET /history as CSV or NDJSON: everything asked for, in bounded memory, as fast as the client takes it.
//
// The edge pulls on an I/O thread, where nothing may wait for the disk: a strand reads ahead, one piece while the one
// before is sent. A client that stops reading holds two pieces and no thread.
#pragma once

#include <memory>
#include <string>

#include "api/history_walk.h"
#include "base/log.h"
#include "base/scheduler.h"
#include "edge/server.h"

namespace myriad::api {

// Renders a walk, piece by piece. For one thread at a time.
class HistoryText {
 public:
  explicit HistoryText(HistoryWalk walk);

  // Some more text, of about 256 KiB unless a single reading is longer; empty only at the end. `go_on` may break the
  // search for rows off.
  Result<std::string> next(const std::function<bool()>& go_on);
  bool at_end() const { return left_ == 0 || walk_.at_end(); }

 private:
  void append(std::string& out, const HistoryWalk::Rows&) const;

  HistoryWalk walk_;
  std::size_t left_, rows_;  // rows that may still come; that the next piece asks for
  bool begun_ = false;
};

class HistoryDownload final : public edge::Source {
 public:
  // `first` is what the text has said already.
  HistoryDownload(HistoryText text, std::string first, std::shared_ptr<Strand> strand, Log log);
  ~HistoryDownload() override;

  void start(std::function<void()> wake) override;
  Piece next(std::size_t about) override;

 private:
  struct Ahead;
  void take();

  const std::shared_ptr<Ahead> ahead_;
  const std::shared_ptr<Strand> strand_;
  std::string out_;  // from out_at_ on, not yet sent
  std::size_t out_at_ = 0;
  bool last_ = false;  // nothing comes after out_
};

}  // namespace myriad::api
