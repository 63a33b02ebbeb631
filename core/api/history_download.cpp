#include "api/history_download.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>

#include "api/reading_text.h"
#include "base/time_text.h"

namespace myriad::api {
namespace {

constexpr std::size_t first_rows = 500, most_rows = 5'000;
constexpr std::size_t piece_bytes = std::size_t{256} << 10;

// RFC 4180, section 2.
void append_field(std::string& out, std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_csv_value(std::string& out, const model::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return append_field(out, *text);
  if (const auto* document = std::get_if<model::JsonText>(&value)) return append_field(out, document->text);
  const auto start = out.size();
  append_value(out, value);
  if (!std::holds_alternative<model::Bytes>(value)) return;
  out.erase(start, 1);  // base64 needs no quotes
  out.pop_back();
}

void append_csv(std::string& out, const std::string& point, const model::Sample& sample) {
  append_time(out, sample.time);
  out += ',';
  append_field(out, point);
  out += ',';
  append_csv_value(out, sample.value);
  out += ',';
  out += model::quality_name(sample.quality);
  out += "\r\n";
}

void append_line(std::string& out, const std::string& point, const model::Sample& sample) {
  out += "{\"point\":";
  append_string(out, point);
  out += ',';
  append_sample(out, sample);
  out += "}\n";
}

}  // namespace

// ---- Text

HistoryText::HistoryText(HistoryWalk walk) : walk_(std::move(walk)), left_(walk_.query().limit), rows_(first_rows) {}

Result<std::string> HistoryText::next(const std::function<bool()>& go_on) {
  std::string out;
  if (!std::exchange(begun_, true) && walk_.query().format == HistoryFormat::csv) out = "time,point,value,quality\r\n";
  std::size_t taken = 0;
  while (!at_end() && taken < rows_ && out.size() < piece_bytes && go_on()) {
    auto rows = walk_.next(std::min(left_, rows_ - taken));
    if (!rows) return rows.error();
    append(out, *rows);
    taken += rows->samples.size();
    left_ -= rows->samples.size();
  }
  // Long texts make few rows a piece, so that memory stays bounded whatever the readings hold.
  if (taken != 0) rows_ = std::clamp<std::size_t>(taken * piece_bytes / out.size(), 1, most_rows);
  return out;
}

void HistoryText::append(std::string& out, const HistoryWalk::Rows& rows) const {
  const bool csv = walk_.query().format == HistoryFormat::csv;
  for (const auto& sample : rows.samples)
    csv ? append_csv(out, rows.point, sample) : append_line(out, rows.point, sample);
}

// ---- Stream

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

edge::Source::Piece HistoryDownload::next(std::size_t about) {
  if (out_at_ == out_.size()) take();
  const auto size = std::min(std::max<std::size_t>(about, 1), out_.size() - out_at_);
  Piece piece{out_.substr(out_at_, size), false};
  out_at_ += size;
  piece.end = last_ && out_at_ == out_.size();
  return piece;
}

// Takes what was read ahead, and has the next piece read while this one is sent.
void HistoryDownload::take() {
  bool read_on = false;
  {
    const std::lock_guard lock(ahead_->mutex);
    if (ahead_->failed) throw std::runtime_error("the history could not be read to its end");
    out_ = std::exchange(ahead_->ready, {});
    out_at_ = 0;
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
