#include "historian/chunk_codec.h"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <unordered_map>

#include "historian/numbers.h"
#include "historian/times.h"
#include "myriad/plugin.h"

namespace myriad::historian {
namespace {

using Integers = std::vector<std::uint64_t>;

Error damaged(const std::string& what) {
  return {Code::internal, "a chunk of history is damaged: " + what};
}

// What is packed together: values of one class foretell each other.
enum class Class : std::uint8_t { integer, real, text };

Class class_of(std::uint16_t type) {
  if (type >= MYRIAD_TEXT) return Class::text;
  return type == MYRIAD_F64 ? Class::real : Class::integer;
}

std::size_t count(const std::vector<spine::Kind>& kinds, Class wanted) {
  std::size_t sum = 0;
  for (const auto& kind : kinds) sum += class_of(kind.type) == wanted ? kind.count : 0;
  return sum;
}

// Calls f(entry) for each of a class, in order.
template <class Entries, class F>
void for_each_of(const std::vector<spine::Kind>& kinds, Class wanted, Entries& entries, F&& f) {
  std::size_t at = 0;
  for (const auto& kind : kinds) {
    const std::size_t end = at + kind.count;
    if (class_of(kind.type) == wanted)
      for (std::size_t i = at; i < end; ++i) f(entries[i]);
    at = end;
  }
}

bool known(std::uint64_t type, std::uint64_t quality) {
  return type >= MYRIAD_BOOL && type <= MYRIAD_JSON && quality <= MYRIAD_STALE;
}

}  // namespace

void ChunkEncoder::put_kinds(const std::vector<spine::Kind>& kinds) {
  Integers counts, tags;
  for (const auto& kind : kinds) {
    counts.push_back(kind.count);
    tags.push_back(std::uint64_t{kind.type} << 4 | kind.quality);
  }
  out_.varint(kinds.size());
  out_.column(counts);
  out_.column(tags);
}

void ChunkEncoder::put_values(const Chunk& chunk) {
  Integers column;
  column.reserve(chunk.size());
  const auto gather = [&](Class wanted) -> const Integers& {
    column.clear();
    for_each_of(chunk.kinds(), wanted, chunk.entries(), [&](const auto& entry) { column.push_back(entry.value); });
    return column;
  };
  put_integers(out_, gather(Class::integer));
  put_doubles(out_, gather(Class::real));
}

// The distinct texts in the order in which they first come, and which of them each reading has.
void ChunkEncoder::put_texts(const Chunk& chunk) {
  std::unordered_map<std::string_view, std::uint64_t> place;
  Integers places, sizes;
  spine::Bytes blob;
  for_each_of(chunk.kinds(), Class::text, chunk.entries(), [&](const auto& entry) {
    const auto text = chunk.text(entry.value);
    const auto [found, added] = place.emplace(text, place.size());
    places.push_back(found->second);
    if (!added) return;
    sizes.push_back(text.size());
    blob.insert(blob.end(), text.begin(), text.end());
  });
  if (places.empty()) return;
  out_.varint(sizes.size());
  put_integers(out_, places);
  put_integers(out_, sizes);
  out_.bytes(blob);
}

spine::BytesView ChunkEncoder::encode(const Chunk& chunk, Effort effort) {
  assert(chunk.size() <= most_readings);
  out_.begin(effort);
  out_.varint(chunk.size());
  put_kinds(chunk.kinds());
  Integers times(chunk.size());
  for (std::size_t i = 0; i < times.size(); ++i) times[i] = static_cast<std::uint64_t>(chunk.entries()[i].time);
  put_times(out_, times);
  put_values(chunk);
  put_texts(chunk);
  return out_.finish();
}

bool ChunkDecoder::get_kinds(std::size_t readings, std::vector<spine::Kind>& kinds) {
  const std::uint64_t size = in_.varint();
  if (!in_.ok() || size > readings) return false;
  Integers counts(size), tags(size);
  in_.column(counts);
  in_.column(tags);
  if (!in_.ok()) return false;
  std::uint64_t rest = readings;
  for (std::size_t i = 0; i < size; ++i) {
    if (counts[i] > rest || !known(tags[i] >> 4, tags[i] & 0xf)) return false;
    rest -= counts[i];
    kinds.push_back({static_cast<std::uint32_t>(counts[i]), static_cast<std::uint16_t>(tags[i] >> 4),
                     static_cast<std::uint16_t>(tags[i] & 0xf)});
  }
  return rest == 0;
}

bool ChunkDecoder::get_values(const std::vector<spine::Kind>& kinds, std::vector<Chunk::Entry>& entries) {
  const auto scatter = [&](Class wanted) {
    auto from = column_.begin();
    for_each_of(kinds, wanted, entries, [&](auto& entry) { entry.value = *from++; });
  };
  column_.resize(count(kinds, Class::integer));
  get_integers(in_, column_);
  scatter(Class::integer);
  column_.resize(count(kinds, Class::real));
  get_doubles(in_, column_);
  scatter(Class::real);
  return in_.ok();
}

bool ChunkDecoder::get_texts(const std::vector<spine::Kind>& kinds, std::vector<Chunk::Entry>& entries,
                             spine::Bytes& blob) {
  const std::size_t texts = count(kinds, Class::text);
  if (texts == 0) return true;
  const std::uint64_t distinct = in_.varint();
  if (!in_.ok() || distinct > texts) return false;
  Integers words(distinct);
  column_.resize(texts);
  get_integers(in_, column_);
  get_integers(in_, words);
  if (!in_.ok()) return false;
  std::uint64_t offset = 0;
  for (auto& word : words) {
    const std::uint64_t size = word;
    if (size > in_.bytes_left() - offset) return false;
    word = offset << 32 | size;
    offset += size;
  }
  const auto bytes = in_.bytes(offset);
  blob.assign(bytes.begin(), bytes.end());
  auto place = column_.begin();
  bool inside = true;
  for_each_of(kinds, Class::text, entries, [&](auto& entry) {
    inside = inside && *place < distinct;
    if (inside) entry.value = words[*place++];
  });
  return inside;
}

Result<Chunk> ChunkDecoder::decode(int codec, spine::BytesView payload) {
  if (codec != chunk_codec)
    return damaged("codec " + std::to_string(codec) + ", this Myriad knows " + std::to_string(chunk_codec));
  if (auto done = in_.open(payload); !done) return damaged(done.error().message);
  const std::uint64_t size = in_.varint();
  if (size > ChunkEncoder::most_readings) return damaged("it would have " + std::to_string(size) + " readings");
  std::vector<spine::Kind> kinds;
  if (!get_kinds(size, kinds)) return damaged("its types");
  column_.resize(size);
  get_times(in_, column_);
  if (!in_.ok()) return damaged("its times");
  std::vector<Chunk::Entry> entries(size);
  for (std::size_t i = 0; i < size; ++i) {
    entries[i].time = static_cast<Nanos>(column_[i]);
    if (entries[i].time < (i > 0 ? entries[i - 1].time + 1 : 0)) return damaged("the order of its times");
  }
  if (!get_values(kinds, entries)) return damaged("its values");
  spine::Bytes blob;
  if (!get_texts(kinds, entries, blob) || !in_.at_end()) return damaged("its texts");
  return Chunk(std::move(entries), std::move(kinds), std::move(blob));
}

}  // namespace myriad::historian
