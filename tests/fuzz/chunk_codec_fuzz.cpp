// Any bytes are a chunk of history or refused; what is read is written and read back the same. The checksum is made
// right first: else no input would come further.
#include <cstdlib>
#include <cstring>

#include "historian/chunk_codec.h"

namespace {

using namespace myriad::historian;

bool same(const Chunk& a, const Chunk& b) {
  std::vector<myriad::model::Sample> left, right;
  a.for_each([&](auto... reading) { left.push_back(a.sample(reading...)); });
  b.for_each([&](auto... reading) { right.push_back(b.sample(reading...)); });
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto &x = left[i], &y = right[i];
    if (x.time != y.time || x.quality != y.quality || x.value.index() != y.value.index()) return false;
    const auto *v = std::get_if<double>(&x.value), *w = std::get_if<double>(&y.value);
    if (v ? std::memcmp(v, w, sizeof *v) != 0 : x.value != y.value) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ChunkDecoder decoder;
  static ChunkEncoder encoder;
  const std::uint32_t checksum = payload_checksum({data, size});
  myriad::spine::Bytes payload(sizeof checksum + size);
  std::memcpy(payload.data(), &checksum, sizeof checksum);
  if (size > 0) std::memcpy(payload.data() + sizeof checksum, data, size);
  const auto chunk = decoder.decode(chunk_codec, payload);
  if (!chunk || chunk->size() > 100'000) return 0;
  for (const Effort effort : {Effort::fast, Effort::best}) {
    const auto again = decoder.decode(chunk_codec, encoder.encode(*chunk, effort));
    if (!again || !same(*chunk, *again)) std::abort();
  }
  return 0;
}
