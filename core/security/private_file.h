// Files that only the daemon's user may read, and the random bytes that go into them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace myriad::security {

// The whole file. One that others may read is refused.
Result<std::string> read_private(const std::filesystem::path& file);
// Mode 0600, whole or not at all; makes its folder (0700) when missing.
Status write_private(const std::filesystem::path& file, std::string_view bytes);

std::string random_bytes(std::size_t count);

}  // namespace myriad::security
