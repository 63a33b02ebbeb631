// GET /history as a stream: everything asked for, in bounded memory, as fast as the client takes it.
//
// The edge pulls on an I/O thread, where nothing may wait for the disk: a strand reads ahead while what it read before
// is sent. A client that stops reading holds three pieces and no thread.
#pragma once

#include <memory>
#include <string>

#include "api/history_text.h"
#include "base/log.h"
#include "base/scheduler.h"
#include "edge/server.h"

namespace myriad::api {

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
  std::string out_;    // not yet sent
  bool last_ = false;  // nothing comes after out_
};

}  // namespace myriad::api
