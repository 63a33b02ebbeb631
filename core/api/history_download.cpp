#include "api/history_download.h"

#include <deque>
#include <mutex>
#include <stdexcept>

namespace myriad::api {
namespace {

constexpr std::size_t most_ready = 2;  // pieces: one would have the strand wait for the edge to come for it

}  // namespace

// What the strand reads; it may outlive the stream by one piece.
struct HistoryDownload::Ahead : std::enable_shared_from_this<Ahead> {
  Ahead(HistoryText the_text, std::shared_ptr<Strand> the_strand, Log the_log)
      : text(std::move(the_text)), strand(std::move(the_strand)), log(std::move(the_log)) {}

  void read_on();
  void read();
  bool wanted() {
    const std::lock_guard lock(mutex);
    return !gone;
  }

  HistoryText text;  // of the strand
  const std::shared_ptr<Strand> strand;
  const Log log;
  std::mutex mutex;  // guards the rest
  std::function<void()> wake;
  std::deque<std::string> ready;
  bool reading = false, done = false, failed = false, gone = false;
};

// Has the next piece read when there is room for it; a task each, so that downloads take turns.
void HistoryDownload::Ahead::read_on() {
  {
    const std::lock_guard lock(mutex);
    if (reading || done || gone || ready.size() >= most_ready) return;
    reading = true;
  }
  strand->post([weak = weak_from_this()] {
    if (const auto ahead = weak.lock()) ahead->read();
  });
}

void HistoryDownload::Ahead::read() {
  auto more = text.next([this] { return wanted(); });
  if (!more) log.error("a download of history ends early: " + more.error().message);
  std::function<void()> tell;
  {
    const std::lock_guard lock(mutex);
    reading = false;
    failed = !more;
    done = failed || text.at_end();
    if (more && !more->empty()) ready.push_back(std::move(*more));
    if (!gone) tell = wake;
  }
  if (tell) tell();
  read_on();
}

HistoryDownload::HistoryDownload(HistoryText text, std::string first, std::shared_ptr<Strand> strand, Log log)
    : ahead_(std::make_shared<Ahead>(std::move(text), std::move(strand), std::move(log))), out_(std::move(first)) {
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

// Takes what was read ahead. What was read before a failure is still sent.
void HistoryDownload::take() {
  {
    const std::lock_guard lock(ahead_->mutex);
    if (!ahead_->ready.empty()) {
      out_ = std::move(ahead_->ready.front());
      ahead_->ready.pop_front();
    } else if (ahead_->failed) {
      throw std::runtime_error("the history could not be read to its end");
    }
    last_ = ahead_->done && !ahead_->failed && ahead_->ready.empty();
  }
  ahead_->read_on();
}

}  // namespace myriad::api
