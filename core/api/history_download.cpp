#include "api/history_download.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>

namespace myriad::api {

// What the strand reads; it may outlive the stream by one piece.
struct HistoryDownload::Ahead {
  Ahead(HistoryText the_text, Log the_log) : text(std::move(the_text)), log(std::move(the_log)) {}

  void read();
  bool wanted() {
    const std::lock_guard lock(mutex);
    return !gone;
  }

  HistoryText text;  // of the strand
  const Log log;
  std::mutex mutex;  // guards the rest
  std::function<void()> wake;
  std::string ready;
  bool reading = false, done = false, failed = false, gone = false;
};

void HistoryDownload::Ahead::read() {
  auto more = text.next([this] { return wanted(); });
  if (!more) log.error("a download of history ends early: " + more.error().message);
  std::function<void()> tell;
  {
    const std::lock_guard lock(mutex);
    reading = false;
    failed = !more;
    done = failed || text.at_end();
    if (more) ready = std::move(*more);
    if (!gone) tell = wake;
  }
  if (tell) tell();
}

HistoryDownload::HistoryDownload(HistoryText text, std::string first, std::shared_ptr<Strand> strand, Log log)
    : ahead_(std::make_shared<Ahead>(std::move(text), std::move(log))),
      strand_(std::move(strand)),
      out_(std::move(first)) {
  ahead_->done = last_ = ahead_->text.at_end();
}

HistoryDownload::~HistoryDownload() {
  const std::lock_guard lock(ahead_->mutex);
  ahead_->gone = true;
}

void HistoryDownload::start(std::function<void()> wake) {
  const std::lock_guard lock(ahead_->mutex);
  ahead_->wake = std::move(wake);
}

// Whole pieces: cutting them would copy them.
edge::Source::Piece HistoryDownload::next(std::size_t) {
  if (out_.empty()) take();
  return {std::exchange(out_, {}), last_};
}

// Takes what was read ahead, and has the next piece read while this one is sent.
void HistoryDownload::take() {
  bool read_on = false;
  {
    const std::lock_guard lock(ahead_->mutex);
    if (ahead_->failed) throw std::runtime_error("the history could not be read to its end");
    out_ = std::exchange(ahead_->ready, {});
    last_ = ahead_->done;
    read_on = !ahead_->done && !ahead_->reading;
    ahead_->reading = ahead_->reading || read_on;
  }
  if (!read_on) return;
  strand_->post([weak = std::weak_ptr(ahead_)] {
    if (const auto ahead = weak.lock()) ahead->read();
  });
}

}  // namespace myriad::api
