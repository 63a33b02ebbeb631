#include "plugin_runner/codec.h"

namespace myriad::plugin_runner {

Writer& Writer::batch(const myriad_batch& b) {
  const BatchHead head{b.struct_size >= sizeof b ? b.sequence : 0, b.count, b.blob_size};
  bytes_.reserve(sizeof head + b.count * sizeof(myriad_reading) + b.blob_size);
  bytes_.append(reinterpret_cast<const char*>(&head), sizeof head);
  const auto* readings = reinterpret_cast<const char*>(b.readings);
  if (b.stride == sizeof(myriad_reading))
    bytes_.append(readings, b.count * sizeof(myriad_reading));
  else
    for (std::size_t i = 0; i < b.count; ++i) bytes_.append(readings + i * b.stride, sizeof(myriad_reading));
  bytes_.append(reinterpret_cast<const char*>(b.blob), b.blob_size);
  return *this;
}

std::optional<myriad_batch> Reader::batch() {
  BatchHead head;
  const auto fixed = take(sizeof head);
  if (!ok_) return std::nullopt;
  std::memcpy(&head, fixed.data(), sizeof head);
  const auto readings = take(std::size_t{head.count} * sizeof(myriad_reading));
  const auto blob = take(head.blob_size);
  if (!done() || reinterpret_cast<std::uintptr_t>(readings.data()) % alignof(myriad_reading) != 0) return std::nullopt;
  return myriad_batch{sizeof(myriad_batch),
                      sizeof(myriad_reading),
                      reinterpret_cast<const myriad_reading*>(readings.data()),
                      reinterpret_cast<const std::uint8_t*>(blob.data()),
                      head.count,
                      head.blob_size,
                      head.sequence};
}

}  // namespace myriad::plugin_runner
