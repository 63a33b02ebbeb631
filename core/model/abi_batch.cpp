#include "model/abi_batch.h"

#include <cstring>

namespace myriad::model {
namespace {

const char* wrong_shape(const myriad_batch& b) {
  if (b.struct_size < offsetof(myriad_batch, sequence))
    return "struct_size is too small: set it to sizeof(myriad_batch)";
  if (b.count > 0 && !b.readings) return "readings is NULL though count is not 0";
  if (b.blob_size > 0 && !b.blob) return "blob is NULL though blob_size is not 0";
  if (b.stride < sizeof(myriad_reading) || b.stride % alignof(myriad_reading) != 0)
    return "stride is smaller than a reading or no multiple of 8: set it to sizeof(myriad_reading)";
  return nullptr;
}

}  // namespace

Result<BatchView> view_of(const myriad_batch& b, std::vector<Reading>& copy) {
  if (const char* why = wrong_shape(b)) return Error{Code::invalid, why};
  const std::span<const std::uint8_t> blob(b.blob, b.blob_size);
  if (b.stride == sizeof(myriad_reading)) return BatchView{{b.readings, b.count}, blob};
  const auto* bytes = reinterpret_cast<const char*>(b.readings);
  copy.resize(b.count);
  for (std::size_t i = 0; i < b.count; ++i) std::memcpy(&copy[i], bytes + i * b.stride, sizeof(myriad_reading));
  return BatchView{copy, blob};
}

}  // namespace myriad::model
