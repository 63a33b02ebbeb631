// Any bytes are a run of rollups or refused; what is read is written and read back, exactly but for squares and area.
// The checksum is made right first: else no input would come further.
#include <cstdlib>
#include <cstring>

#include "historian/payload.h"
#include "historian/rollup_codec.h"

namespace {

using namespace myriad::historian;

bool same(const Bucket& a, const Bucket& b) {
  const Tally &x = a.tally, &y = b.tally;
  for (const auto member : {&Tally::min, &Tally::max, &Tally::sum, &Tally::first, &Tally::last})
    if (std::memcmp(&(x.*member), &(y.*member), sizeof(double)) != 0) return false;
  return a.begin == b.begin && x.readings == y.readings && x.numbers == y.numbers && x.first_time == y.first_time &&
         x.last_time == y.last_time;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static RollupDecoder decoder;
  static RollupEncoder encoder;
  const std::uint32_t checksum = payload_checksum({data, size});
  myriad::spine::Bytes payload(sizeof checksum + size);
  std::memcpy(payload.data(), &checksum, sizeof checksum);
  if (size > 0) std::memcpy(payload.data() + sizeof checksum, data, size);
  const auto sums = decoder.decode(rollup_codec, payload, Detail::sums);
  const auto buckets = decoder.decode(rollup_codec, payload);
  if (buckets && !sums) std::abort();
  if (!buckets || buckets->empty() || buckets->size() > 100'000) return 0;
  for (std::size_t i = 0; i < buckets->size(); ++i)
    if (std::memcmp(&(*buckets)[i].tally.sum, &(*sums)[i].tally.sum, sizeof(double)) != 0) std::abort();
  const myriad::Nanos width = decoder.width();
  for (const Effort effort : {Effort::fast, Effort::best}) {
    const auto again = decoder.decode(rollup_codec, encoder.encode(*buckets, width, effort));
    if (!again || again->size() != buckets->size()) std::abort();
    for (std::size_t i = 0; i < buckets->size(); ++i)
      if (!same((*buckets)[i], (*again)[i])) std::abort();
  }
  return 0;
}
