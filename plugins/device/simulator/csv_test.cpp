#include "csv.h"

#include <gtest/gtest.h>

#include <sstream>

namespace simulator {
namespace {

using Rows = std::vector<std::vector<std::string>>;

// Broken rows are shown as one cell, "!".
Rows read(const std::string& text) {
  std::istringstream in(text);
  CsvReader csv(in);
  Rows rows;
  for (std::vector<std::string> cells;;) {
    switch (csv.next(cells)) {
      case CsvReader::Row::end:
        return rows;
      case CsvReader::Row::broken:
        rows.push_back({"!"});
        break;
      case CsvReader::Row::cells:
        rows.push_back(cells);
    }
  }
}

TEST(Csv, ReadsRows) {
  struct Case {
    const char *name, *text;
    Rows rows;
  };
  const Case cases[] = {
      {"nothing", "", {}},
      {"only line breaks", "\r\n\n\r\n", {}},
      {"LF", "a,b\n1,2\n", {{"a", "b"}, {"1", "2"}}},
      {"CRLF", "a,b\r\n1,2\r\n", {{"a", "b"}, {"1", "2"}}},
      {"no last line break", "a,b\n1,2", {{"a", "b"}, {"1", "2"}}},
      {"empty cells", ",,\n", {{"", "", ""}}},
      {"empty last cell at the end", "a,", {{"a", ""}}},
      {"quoted comma", "\"a,b\",c\n", {{"a,b", "c"}}},
      {"quoted quote", "\"a\"\"b\"\n", {{"a\"b"}}},
      {"quoted line break", "\"a\r\nb\",c\n", {{"a\r\nb", "c"}}},
      {"empty quoted", "\"\",x\n", {{"", "x"}}},
      {"quoted at the end", "x,\"y\"", {{"x", "y"}}},
      {"quote inside a plain cell", "5\" pipe,x\n", {{"5\" pipe", "x"}}},
      {"blanks are kept", " a ,b\n", {{" a ", "b"}}},
      {"byte-order mark",
       "\xEF\xBB\xBF"
       "a\n",
       {{"a"}}},
      {"empty lines between", "a\n\n\nb\n", {{"a"}, {"b"}}},
      {"text after a quote", "\"a\"b,c\n1\n", {{"!"}, {"1"}}},
      {"quote without end", "1\n\"a,b\n2\n", {{"1"}, {"!"}}},
  };
  for (const auto& c : cases) EXPECT_EQ(read(c.text), c.rows) << c.name;
}

TEST(Csv, CountsLinesThroughQuotedBreaks) {
  std::istringstream in("h\n\"a\nb\"\n\nc\n");
  CsvReader csv(in);
  std::vector<std::string> cells;
  std::vector<std::size_t> lines;
  while (csv.next(cells) != CsvReader::Row::end) lines.push_back(csv.line());
  EXPECT_EQ(lines, (std::vector<std::size_t>{1, 2, 5}));
}

TEST(Csv, ALongRowIsLeftOutAndTheNextIsRead) {
  const std::string big(CsvReader::longest_row * 3, 'x');
  EXPECT_EQ(read("1\n" + big + "\n2\n"), (Rows{{"1"}, {"!"}, {"2"}}));
  const Rows quoted = read("1\n\"" + big + "\n2\n");
  ASSERT_GE(quoted.size(), 2u);
  EXPECT_EQ(quoted[1], (std::vector<std::string>{"!"}));
  EXPECT_EQ(quoted.back(), (std::vector<std::string>{"2"}));
}

TEST(Csv, ManyEmptyCellsAreBounded) {
  EXPECT_EQ(read(std::string(CsvReader::longest_row * 2, ',') + "\n2\n"), (Rows{{"!"}, {"2"}}));
}

}  // namespace
}  // namespace simulator
