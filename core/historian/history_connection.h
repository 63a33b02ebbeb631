// A reading connection to history.db with its statements. Internal to history_file.cpp and history_reader.cpp.
#pragma once

#include <array>

#include "historian/history_file.h"

namespace myriad::historian {

inline std::int64_t sql(std::uint64_t v) {
  return static_cast<std::int64_t>(v);
}

struct HistoryFile::Connection {
  explicit Connection(const std::filesystem::path&);
  ~Connection();

  // Statements are prepared at their first use and stay.
  enum Which : std::size_t {
    chunks,
    chunks_before,
    outlines,
    untidy,
    one,
    next_reading,
    rollups_1,
    rollups_2,
    rollups_3,
    expired_chunks,
    expired_rollups,
    count
  };

  SQLite::Statement& prepared(Which, const char* text);

  ChunkDecoder chunk_decoder;
  RollupDecoder rollup_decoder;
  std::unique_ptr<SQLite::Database> db;
  std::array<std::unique_ptr<SQLite::Statement>, Which::count> statements;
};

}  // namespace myriad::historian
