// Reads comma-separated values (RFC 4180) row by row, holding one row in memory. Takes CRLF and LF, quoted cells with
// commas, quotes and line breaks, a byte-order mark, and a last row without a line break; skips empty lines.
#pragma once

#include <istream>
#include <string>
#include <vector>

namespace simulator {

class CsvReader {  // not thread-safe; the stream must outlive it
 public:
  enum class Row { cells, broken, end };
  static constexpr std::size_t longest_row = 64 * 1024;  // bytes; a longer one, as after a lost quote, is broken

  explicit CsvReader(std::istream& in);
  // `cells` keeps its memory from row to row. After `broken`, why() says what is wrong and next() goes on.
  Row next(std::vector<std::string>& cells);
  std::size_t line() const { return row_line_; }  // where the latest row begins; the first is 1
  const char* why() const { return why_; }

 private:
  enum class After { cell, row, end, broken };
  After read_cell(std::string& cell);
  After read_quoted(std::string& cell);
  After read_plain(std::string& cell);
  After end_at(int c);
  int get();
  Row broken();

  std::streambuf& in_;
  std::size_t line_ = 1, row_line_ = 1, row_bytes_ = 0;
  const char* why_ = "";
};

}  // namespace simulator
