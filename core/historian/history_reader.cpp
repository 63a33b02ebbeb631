#include <SQLiteCpp/SQLiteCpp.h>

#include "historian/history_connection.h"

namespace myriad::historian {
namespace {

using Found = HistoryReader::Found;

spine::BytesView bytes_of(const SQLite::Column& column) {
  return {static_cast<const std::uint8_t*>(column.getBlob()), static_cast<std::size_t>(column.getBytes())};
}

// id, from_ns, to_ns, count, tidy, and perhaps codec and payload.
Found found(SQLite::Statement& row) {
  Found out;
  out.chunk = row.getColumn(0).getInt64();
  out.from = row.getColumn(1).getInt64();
  out.to = row.getColumn(2).getInt64();
  out.count = static_cast<std::size_t>(row.getColumn(3).getInt64());
  out.tidy = row.getColumn(4).getInt() != 0;
  if (row.getColumnCount() == 5) return out;
  out.codec = row.getColumn(5).getInt();
  out.payload = bytes_of(row.getColumn(6));
  return out;
}

void bind_range(SQLite::Statement& select, std::int64_t series, Nanos longest, Range range) {
  select.bind(1, series);
  select.bind(2, range.from > longest ? range.from - longest : 0);
  select.bind(3, range.to);
  select.bind(4, range.from);
}

Status walk(SQLite::Statement& select, const HistoryReader::Visit& visit) {
  while (select.executeStep())
    if (!visit(found(select))) break;
  select.reset();
  return {};
}

Status walk_rollups(SQLite::Statement& select, const std::function<bool(const HistoryReader::FoundRollup&)>& visit) {
  while (select.executeStep()) {
    const auto payload = select.getColumn(4);
    if (!visit({select.getColumn(0).getInt64(),
                {select.getColumn(1).getInt64(), select.getColumn(2).getInt64()},
                select.getColumn(3).getInt(),
                payload.isNull() ? spine::BytesView{} : bytes_of(payload)}))
      break;
  }
  select.reset();
  return {};
}

std::vector<std::int64_t> ids(SQLite::Statement& select) {
  std::vector<std::int64_t> out;
  while (select.executeStep()) out.push_back(select.getColumn(0).getInt64());
  return out;
}

}  // namespace

template <class F>
std::invoke_result_t<F> HistoryReader::guarded(F&& f) {
  try {
    return f();
  } catch (const SQLite::Exception& e) {
    return file_.failed(e);
  }
}

HistoryFile::Connection::Connection(const std::filesystem::path& file)
    : db(std::make_unique<SQLite::Database>(file.string(), SQLite::OPEN_READONLY, 5'000)) {}
HistoryFile::Connection::~Connection() = default;

SQLite::Statement& HistoryFile::Connection::prepared(Which which, const char* text) {
  auto& statement = statements[which];
  if (!statement) statement = std::make_unique<SQLite::Statement>(*db, text);
  statement->tryReset();
  return *statement;
}

HistoryReader::HistoryReader(HistoryFile& file, std::unique_ptr<HistoryFile::Connection> connection)
    : file_(file), connection_(std::move(connection)) {}

// A connection that cannot end its transaction is not used again.
HistoryReader::~HistoryReader() {
  for (auto& statement : connection_->statements)
    if (statement) statement->tryReset();
  if (connection_->db->tryExec("COMMIT") == 0) file_.give_back(std::move(connection_));
}

ChunkDecoder& HistoryReader::chunk_decoder() {
  return connection_->chunk_decoder;
}

RollupDecoder& HistoryReader::rollup_decoder() {
  return connection_->rollup_decoder;
}

Status HistoryReader::chunks(std::int64_t series, Nanos longest, Range range, const Visit& visit) {
  return guarded([&]() -> Status {
    auto& select = connection_->prepared(HistoryFile::Connection::chunks,
                                         "SELECT id, from_ns, to_ns, count, tidy, codec, payload FROM chunk WHERE "
                                         "series = ? AND from_ns >= ? AND from_ns < ? "
                                         "AND to_ns >= ? ORDER BY from_ns");
    bind_range(select, series, longest, range);
    return walk(select, visit);
  });
}

Status HistoryReader::outlines(std::int64_t series, Nanos longest, Range range, const Visit& visit) {
  return guarded([&]() -> Status {
    auto& select = connection_->prepared(
        HistoryFile::Connection::outlines,
        "SELECT id, from_ns, to_ns, count, tidy FROM chunk WHERE series = ? AND from_ns >= ? AND from_ns < ? "
        "AND to_ns >= ? ORDER BY from_ns");
    bind_range(select, series, longest, range);
    return walk(select, visit);
  });
}

Result<std::vector<std::int64_t>> HistoryReader::list(std::int64_t series, Nanos longest, Range range) {
  return guarded([&]() -> Result<std::vector<std::int64_t>> {
    SQLite::Statement select(*connection_->db,
                             "SELECT id FROM chunk WHERE series = ? AND from_ns >= ? AND from_ns < ? AND to_ns >= ? "
                             "ORDER BY from_ns");
    bind_range(select, series, longest, range);
    return ids(select);
  });
}

Status HistoryReader::chunks_before(std::int64_t series, Nanos time, const Visit& visit) {
  return guarded([&]() -> Status {
    auto& select = connection_->prepared(
        HistoryFile::Connection::chunks_before,
        "SELECT id, from_ns, to_ns, count, tidy, codec, payload FROM chunk WHERE series = ? AND from_ns < ? "
        "ORDER BY from_ns DESC");
    select.bind(1, series);
    select.bind(2, time);
    return walk(select, visit);
  });
}

Status HistoryReader::one(std::int64_t chunk, const Visit& visit) {
  return guarded([&]() -> Status {
    auto& select = connection_->prepared(
        HistoryFile::Connection::one, "SELECT id, from_ns, to_ns, count, tidy, codec, payload FROM chunk WHERE id = ?");
    select.bind(1, chunk);
    return walk(select, visit);
  });
}

Status HistoryReader::untidy(std::int64_t series, const Visit& visit) {
  return guarded([&]() -> Status {
    auto& select = connection_->prepared(
        HistoryFile::Connection::untidy,
        "SELECT id, from_ns, to_ns, count, tidy, codec, payload FROM chunk WHERE series = ? AND tidy = 0 ORDER BY id");
    select.bind(1, series);
    return walk(select, visit);
  });
}

Result<std::optional<Nanos>> HistoryReader::next_reading(std::int64_t series, Nanos longest, Nanos time) {
  using Next = std::optional<Nanos>;
  return guarded([&]() -> Result<Next> {
    auto& select = connection_->prepared(HistoryFile::Connection::next_reading,
                                         "SELECT max(from_ns, ?3) FROM chunk WHERE series = ?1 AND from_ns >= ?2 AND "
                                         "to_ns >= ?3 ORDER BY from_ns LIMIT 1");
    select.bind(1, series);
    select.bind(2, time > longest ? time - longest : 0);
    select.bind(3, time);
    if (!select.executeStep()) return Next{};
    return Next{select.getColumn(0).getInt64()};
  });
}

Status HistoryReader::rollups(std::int64_t series, int level, Range range,
                              const std::function<bool(const FoundRollup&)>& visit) {
  return guarded([&]() -> Status {
    const auto which = static_cast<HistoryFile::Connection::Which>(HistoryFile::Connection::rollups_1 +
                                                                   static_cast<std::size_t>(level) - 1);
    // Rollups of a level do not overlap: one at most begins before the range and reaches into it.
    auto& select = connection_->prepared(
        which,
        "SELECT id, from_ns, to_ns, codec, payload FROM rollup WHERE series = ?1 AND level = ?2 AND from_ns <= ?4 AND "
        "to_ns >= ?3 AND from_ns >= coalesce((SELECT from_ns FROM rollup WHERE series = ?1 AND level = ?2 AND "
        "from_ns < ?3 ORDER BY from_ns DESC LIMIT 1), 0) ORDER BY from_ns");
    select.bind(1, series);
    select.bind(2, level);
    select.bind(3, range.from);
    select.bind(4, range.to);
    return walk_rollups(select, visit);
  });
}

Status HistoryReader::rollup_before(std::int64_t series, int level, Nanos time,
                                    const std::function<bool(const FoundRollup&)>& visit) {
  return guarded([&]() -> Status {
    SQLite::Statement select(*connection_->db,
                             "SELECT id, from_ns, to_ns, codec, payload FROM rollup WHERE series = ? AND level = ? AND "
                             "from_ns < ? AND payload IS NOT NULL ORDER BY from_ns DESC LIMIT 1");
    select.bind(1, series);
    select.bind(2, level);
    select.bind(3, time);
    return walk_rollups(select, visit);
  });
}

Result<std::vector<std::int64_t>> HistoryReader::expired_chunks(std::int64_t series,
                                                                const std::array<Nanos, rollup_levels + 1>& cutoffs,
                                                                int most) {
  return guarded([&]() -> Result<std::vector<std::int64_t>> {
    auto& select = connection_->prepared(
        HistoryFile::Connection::expired_chunks,
        "SELECT id FROM chunk WHERE series = ?1 AND from_ns < ?2 AND to_ns < ?2 AND NOT EXISTS (SELECT 1 FROM rollup "
        "WHERE rollup.series = chunk.series AND rollup.payload IS NULL AND rollup.from_ns <= chunk.to_ns AND "
        "rollup.to_ns > chunk.from_ns AND rollup.to_ns > CASE rollup.level WHEN 1 THEN ?3 WHEN 2 THEN ?4 ELSE ?5 END) "
        "LIMIT ?6");
    select.bind(1, series);
    for (int level = 0; level <= rollup_levels; ++level)
      select.bind(2 + level, cutoffs[static_cast<std::size_t>(level)]);
    select.bind(6, most);
    return ids(select);
  });
}

Result<std::vector<std::int64_t>> HistoryReader::expired_rollups(std::int64_t series,
                                                                 const std::array<Nanos, rollup_levels + 1>& cutoffs,
                                                                 int most) {
  return guarded([&]() -> Result<std::vector<std::int64_t>> {
    auto& select = connection_->prepared(
        HistoryFile::Connection::expired_rollups,
        "SELECT id FROM rollup WHERE series = ?1 AND to_ns <= CASE level WHEN 1 THEN ?2 WHEN 2 THEN ?3 ELSE ?4 END "
        "LIMIT ?5");
    select.bind(1, series);
    for (int level = 1; level <= rollup_levels; ++level)
      select.bind(1 + level, cutoffs[static_cast<std::size_t>(level)]);
    select.bind(5, most);
    return ids(select);
  });
}

Result<std::vector<StoredRevision>> HistoryReader::revisions(std::int64_t series, std::size_t most) {
  return guarded([&]() -> Result<std::vector<StoredRevision>> {
    SQLite::Statement select(*connection_->db,
                             "SELECT noticed, readings, from_ns, to_ns FROM revision WHERE series = ? "
                             "ORDER BY id DESC LIMIT ?");
    select.bind(1, series);
    select.bind(2, sql(most));
    std::vector<StoredRevision> all;
    while (select.executeStep())
      all.push_back({select.getColumn(0).getInt64(),
                     series,
                     {static_cast<std::uint64_t>(select.getColumn(1).getInt64()), select.getColumn(2).getInt64(),
                      select.getColumn(3).getInt64()}});
    return all;
  });
}

}  // namespace myriad::historian
