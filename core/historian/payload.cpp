#include "historian/payload.h"

#include <zlib.h>

namespace myriad::historian {

std::uint32_t payload_checksum(spine::BytesView rest) {
  return static_cast<std::uint32_t>(::crc32_z(0, rest.data(), rest.size()));
}

}  // namespace myriad::historian
