// Any bytes are a row of the log or refused; what is read is written and read back the same.
#include <cstdlib>

#include "spine/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace myriad::spine;
  static Decoder decoder;
  static Encoder encoder;
  (void)decoder.decode({data, size});
  const auto batch = decoder.decode_body({data, size});
  if (!batch) return 0;
  const auto again = decoder.decode(encoder.encode(batch->view()));
  if (!again || again->readings.size() != batch->readings.size() || again->blob != batch->blob) std::abort();
  for (std::size_t i = 0; i < batch->readings.size(); ++i)
    if (again->readings[i].value.u64 != batch->readings[i].value.u64) std::abort();
  return 0;
}
