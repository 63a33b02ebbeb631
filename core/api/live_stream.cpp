#include "api/live_stream.h"

#include <algorithm>

#include "api/sse.h"
#include "base/names.h"

namespace myriad::api {
namespace {

constexpr std::size_t pending_changes = 10'000;  // then the bus keeps one a point
constexpr std::size_t pending_posts = 1'000;
constexpr std::size_t readings_an_event = 500;
constexpr std::uint64_t replay_readings = 1'000'000;  // looked at, whether they match or not
constexpr std::size_t replay_bytes = std::size_t{8} << 20;

}  // namespace

// Passes wakes on once the edge has said where to; the bus may wake before that, and after the stream is gone.
class LiveStream::Waker {
 public:
  void set(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
  }
  void operator()() {
    const std::lock_guard lock(mutex_);
    if (wake_) wake_();
  }

 private:
  std::mutex mutex_;  // guards wake_
  std::function<void()> wake_;
};

LiveStream::LiveStream(const Parts& parts, StreamWishes wishes, std::function<bool()> holds)
    : points_(parts.points), wishes_(std::move(wishes)), holds_(std::move(holds)), waker_(std::make_shared<Waker>()) {
  out_ = "retry: 2000\n\n";
  if (wishes_.points.empty()) return;
  readings_ = parts.bus.subscribe(wishes_.points, pending_changes, [waker = waker_] { (*waker)(); });
  if (wishes_.resume_after == 0) return;
  // The snapshot gives way to the replay, which ends exactly where it was made. Before the first batch since the
  // daemon started the bus knows no sequence.
  const auto snapshot = readings_->take();
  replay(parts, snapshot.sequence != 0 ? snapshot.sequence : parts.spine.end() - 1);
}

void LiveStream::start(std::function<void()> wake) {
  waker_->set(std::move(wake));
}

// Appends what was committed after `resume_after` up to `upto`; the oldest of too much is skipped and told.
void LiveStream::replay(const Parts& parts, std::uint64_t upto) {
  const auto oldest = std::max(parts.spine.begin(), upto > replay_readings ? upto - replay_readings + 1 : 1);
  auto at = std::max<spine::Sequence>(wishes_.resume_after + 1, oldest);
  std::uint64_t skipped = at - (wishes_.resume_after + 1);
  std::deque<std::pair<std::string, std::size_t>> events;  // text and readings
  std::size_t bytes = 0;
  while (at <= upto) {
    const auto block = parts.spine.read(at);
    if (!block || !*block || (*block)->end() <= at) break;
    std::vector<bus::Change> changes;
    const auto batch = (*block)->batch.view();
    const auto last = std::min<spine::Sequence>((*block)->end(), upto + 1);
    for (auto s = std::max(at, (*block)->first); s < last; ++s) {
      const auto& reading = batch.readings[s - (*block)->first];
      if (matches_any(wishes_.points, points_.name(model::point_of(reading))))
        changes.push_back({model::point_of(reading), model::to_sample(batch, reading)});
    }
    at = last;
    if (changes.empty()) continue;
    events.emplace_back(readings_event(changes, points_, at - 1), changes.size());
    bytes += events.back().first.size();
    for (; bytes > replay_bytes && events.size() > 1; events.pop_front()) {
      bytes -= events.front().first.size();
      skipped += events.front().second;
    }
  }
  append_skipped(skipped, 0);
  for (const auto& [text, count] : events) out_ += text;
  sequence_ = std::max(upto, wishes_.resume_after);
}

edge::Source::Piece LiveStream::next(std::size_t about) {
  bool end = false;
  if (out_at_ == out_.size()) {
    out_.clear();
    out_at_ = 0;
    take_posts();
    take_readings();
    const std::lock_guard lock(mutex_);
    end = end_;
  }
  const auto size = std::min(std::max<std::size_t>(about, 1), out_.size() - out_at_);
  Piece piece{out_.substr(out_at_, size), false};
  out_at_ += size;
  piece.end = end && out_at_ == out_.size();
  return piece;
}

void LiveStream::take_posts() {
  std::deque<std::string> posts;
  std::uint64_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    posts.swap(posts_);
    std::swap(dropped, posts_dropped_);
    if (std::exchange(beat_, false)) out_ += ":\n\n";
  }
  append_skipped(0, dropped);
  for (const auto& text : posts) out_ += text;
}

void LiveStream::take_readings() {
  if (!readings_) return;
  const auto taken = readings_->take();
  sequence_ = std::max(sequence_, taken.sequence);
  append_skipped(taken.skipped, 0);
  const std::span<const bus::Change> changes(taken.changes);
  for (std::size_t i = 0; i < changes.size(); i += readings_an_event) {
    const auto part = changes.subspan(i, std::min(readings_an_event, changes.size() - i));
    // Only the last part carries the id: whoever resumes after another part gets the rest again.
    const bool last = i + part.size() == changes.size();
    out_ += readings_event(part, points_, last ? sequence_ : 0);
  }
}

void LiveStream::append_skipped(std::uint64_t readings, std::uint64_t notices) {
  if (readings + notices == 0) return;
  std::string data = "{\"readings\":" + std::to_string(readings);
  if (notices != 0) data += ",\"events\":" + std::to_string(notices);
  out_ += sse_event("skipped", data + '}');
}

bool LiveStream::wants(Live::Kind kind, std::string_view thing) const {
  if (kind == Live::Kind::instance) return wishes_.instances;
  if (!wishes_.events || wishes_.points.empty()) return wishes_.events;
  // A pattern over points chooses the events of the Things it names.
  return std::any_of(wishes_.points.begin(), wishes_.points.end(), [&](const std::string& pattern) {
    const auto slash = pattern.find('/');
    return slash == std::string::npos || matches(pattern.substr(0, slash) + "/_", std::string(thing) + "/_");
  });
}

void LiveStream::post(const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    if (posts_.size() == pending_posts) {
      posts_.pop_front();
      ++posts_dropped_;
    }
    posts_.push_back(text);
  }
  (*waker_)();
}

void LiveStream::beat() {
  const bool stays = holds_();
  {
    const std::lock_guard lock(mutex_);
    beat_ = true;
    end_ = end_ || !stays;
  }
  (*waker_)();
}

void LiveStream::end() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  (*waker_)();
}

}  // namespace myriad::api
