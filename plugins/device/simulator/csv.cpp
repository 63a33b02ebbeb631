#include "csv.h"

namespace simulator {
namespace {

constexpr int end_of_file = std::char_traits<char>::eof();

}  // namespace

CsvReader::CsvReader(std::istream& in) : in_(*in.rdbuf()) {
  constexpr unsigned char mark[] = {0xEF, 0xBB, 0xBF};
  for (const auto byte : mark)
    if (in_.sgetc() == byte) in_.sbumpc();
}

CsvReader::Row CsvReader::next(std::vector<std::string>& cells) {
  while (in_.sgetc() == '\n' || in_.sgetc() == '\r') get();
  row_line_ = line_;
  row_bytes_ = 0;
  if (in_.sgetc() == end_of_file) return Row::end;
  for (std::size_t count = 1;; ++count) {
    if (cells.size() < count) cells.emplace_back();
    switch (read_cell(cells[count - 1])) {
      case After::cell:
        break;
      case After::broken:
        return broken();
      case After::row:
      case After::end:
        cells.resize(count);
        return Row::cells;
    }
  }
}

CsvReader::After CsvReader::read_cell(std::string& cell) {
  cell.clear();
  if (in_.sgetc() != '"') return read_plain(cell);
  get();
  return read_quoted(cell);
}

CsvReader::After CsvReader::read_plain(std::string& cell) {
  for (;;) {
    const int c = get();
    if (c == ',' || c == '\n' || c == '\r' || c == end_of_file) return end_at(c);
    if (row_bytes_ > longest_row) return why_ = "the row is longer than 64 KiB", After::broken;
    cell += static_cast<char>(c);
  }
}

CsvReader::After CsvReader::read_quoted(std::string& cell) {
  for (;;) {
    const int c = get();
    if (c == end_of_file) return why_ = "a quoted cell has no end", After::broken;
    if (row_bytes_ > longest_row) return why_ = "the row is longer than 64 KiB: is a quote missing?", After::broken;
    if (c == '"' && in_.sgetc() != '"') break;
    if (c == '"') get();
    cell += static_cast<char>(c);
  }
  const int c = get();
  if (c == ',' || c == '\n' || c == '\r' || c == end_of_file) return end_at(c);
  return why_ = "text follows a closing quote", After::broken;
}

CsvReader::After CsvReader::end_at(int c) {
  if (c == '\r' && in_.sgetc() == '\n') get();
  if (c == ',' && row_bytes_ > longest_row) return why_ = "the row is longer than 64 KiB", After::broken;
  if (c == ',') return After::cell;
  return c == end_of_file ? After::end : After::row;
}

int CsvReader::get() {
  const int c = in_.sbumpc();
  if (c == '\n') ++line_;
  if (c != end_of_file) ++row_bytes_;
  return c;
}

// Goes on after the next line break.
CsvReader::Row CsvReader::broken() {
  for (int c = get(); c != '\n' && c != end_of_file;) c = get();
  return Row::broken;
}

}  // namespace simulator
