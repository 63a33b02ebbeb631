// Any bytes are a chunk of history or refused; what is read is written and read back the same.
#include <cstdlib>

#include "historian/chunk_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace myriad::historian;
  static ChunkDecoder decoder;
  static ChunkEncoder encoder;
  (void)decoder.decode(chunk_codec, {data, size});
  const auto chunk = decoder.decode_body({data, size});
  if (!chunk) return 0;
  const auto again = decoder.decode(chunk_codec, encoder.encode(*chunk));
  if (!again || again->size() != chunk->size()) std::abort();
  for (std::size_t i = 0; i < chunk->size(); ++i)
    if (again->entries()[i].time != chunk->entries()[i].time || again->entries()[i].value != chunk->entries()[i].value)
      std::abort();
  return 0;
}
