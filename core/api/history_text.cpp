#include "api/history_text.h"

#include <algorithm>
#include <array>

#include "api/page.h"
#include "api/reading_text.h"

namespace myriad::api {
namespace {

constexpr std::size_t first_rows = 500, most_rows = 10'000;
constexpr std::size_t piece_bytes = std::size_t{256} << 10;
constexpr std::size_t most_series = 1'000;  // of a page of JSON

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

}  // namespace

HistoryText::HistoryText(HistoryWalk walk) : walk_(std::move(walk)), left_(walk_.query().limit), rows_(first_rows) {}

bool HistoryText::has_rows() const {
  const bool too_many = is_json() && series_ == most_series && !series_open_;
  return left_ != 0 && !walk_.at_end() && !too_many;
}

Result<std::string> HistoryText::next(const std::function<bool()>& go_on) {
  std::string out;
  if (rows_ > first_rows) out.reserve(piece_bytes + piece_bytes / 4);
  if (!std::exchange(begun_, true)) out = head();
  std::size_t taken = 0;
  while (has_rows() && taken < rows_ && out.size() < piece_bytes && go_on()) {
    const auto rows = walk_.next(std::min(left_, rows_ - taken));
    if (!rows) return rows.error();
    append(out, *rows);
    taken += rows->size();
    left_ -= rows->size();
  }
  // Long texts make few rows a piece, so that memory stays bounded whatever the readings hold.
  if (taken != 0) rows_ = std::clamp<std::size_t>(taken * piece_bytes / out.size(), 1, most_rows);
  if (has_rows()) return out;
  ended_ = true;
  if (is_json()) append_tail(out);
  return out;
}

std::string HistoryText::cursor() const {
  return walk_.at_end() ? std::string() : encode_cursor(walk_.position());
}

std::string_view HistoryText::head() const {
  switch (walk_.query().format) {
    case HistoryFormat::json:
      return "{\"series\":[";
    case HistoryFormat::csv:
      return walk_.query().aggregates ? "time,point,aggregate,value\r\n" : "time,point,value,quality\r\n";
    case HistoryFormat::ndjson:
      return {};
  }
  return {};
}

void HistoryText::append(std::string& out, const HistoryWalk::Rows& rows) {
  switch (walk_.query().format) {
    case HistoryFormat::json:
      return append_json(out, rows);
    case HistoryFormat::csv:
      return append_csv(out, rows);
    case HistoryFormat::ndjson:
      return append_lines(out, rows);
  }
}

// ---- JSON

void HistoryText::append_json(std::string& out, const HistoryWalk::Rows& rows) {
  if (rows.begins) append_series_head(out, rows);
  std::array<char, TimeWriter::longest + 5> begin{',', '[', '"'};
  std::size_t skip = rows.begins ? 1 : 0;
  const auto begin_row = [&](Nanos time, const model::Value& value) {
    char* end = times_.write(&begin[3], time);
    *end++ = '"';
    *end++ = ',';
    out.append(&begin[skip], end);  // in one piece: a short append costs as much as a long one
    append_value(out, value);
    skip = 0;
  };
  for (const auto& row : rows.rows) {
    begin_row(row.time, row.value);
    out += ']';
  }
  // The quality follows when it is not good.
  for (const auto& sample : rows.samples) {
    begin_row(sample.time, sample.value);
    if (sample.quality != MYRIAD_GOOD) out.append(",\"").append(model::quality_name(sample.quality)).append("\"");
    out += ']';
  }
  series_open_ = !rows.ends;
  if (rows.ends) out += "]}";
}

void HistoryText::append_series_head(std::string& out, const HistoryWalk::Rows& rows) {
  out += series_++ == 0 ? "{\"point\":" : ",{\"point\":";
  append_string(out, rows.point);
  if (const auto unit = walk_.unit(rows); !unit.empty()) {
    out += ",\"unit\":";
    append_string(out, unit);
  }
  if (rows.aggregate) {
    out.append(",\"aggregate\":\"").append(aggregate_name(*rows.aggregate)).append("\"");
    if (const auto& step = walk_.query().aggregates->step; !step.empty()) {
      out += ",\"step\":";
      append_string(out, step);
    }
  }
  out += ",\"values\":[";
}

void HistoryText::append_tail(std::string& out) const {
  if (series_open_) out += "]}";
  const auto next = cursor();
  out += next.empty() ? "],\"next\":null}" : "],\"next\":\"" + next + "\"}";
}

// ---- CSV

void HistoryText::append_csv(std::string& out, const HistoryWalk::Rows& rows) {
  std::string middle = ",";
  append_field(middle, rows.point);
  middle += ',';
  if (rows.aggregate) middle.append(aggregate_name(*rows.aggregate)).append(",");
  for (const auto& row : rows.rows) {
    out.append(times_.text(row.time)).append(middle);
    append_csv_value(out, row.value);
    out += "\r\n";
  }
  for (const auto& sample : rows.samples) {
    out.append(times_.text(sample.time)).append(middle);
    append_csv_value(out, sample.value);
    out.append(",").append(model::quality_name(sample.quality)).append("\r\n");
  }
}

// ---- NDJSON

void HistoryText::append_lines(std::string& out, const HistoryWalk::Rows& rows) {
  std::string begin = "{\"point\":";
  append_string(begin, rows.point);
  if (rows.aggregate) begin.append(",\"aggregate\":\"").append(aggregate_name(*rows.aggregate)).append("\"");
  begin += ",\"value\":";
  const auto append_line = [&](Nanos time, const model::Value& value) {
    out += begin;
    append_value(out, value);
    out.append(",\"time\":\"").append(times_.text(time)).append("\"");
  };
  for (const auto& row : rows.rows) {
    append_line(row.time, row.value);
    out += "}\n";
  }
  for (const auto& sample : rows.samples) {
    append_line(sample.time, sample.value);
    out.append(",\"quality\":\"").append(model::quality_name(sample.quality)).append("\"}\n");
  }
}

}  // namespace myriad::api
