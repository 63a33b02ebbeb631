// What the validator wants to know of a shared library, without running it. The one place that knows libelf.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace myriad::validator {

struct ElfFile {
  int machine = 0, bits = 0;                // e_machine; 32 or 64
  bool shared = false;                      // a shared library
  std::vector<std::string> shown;           // symbols that it exports
  std::vector<std::string> needed, search;  // libraries by name, and its own folders for them, as written
};

// Errors say why it is no ELF file.
Result<ElfFile> read_elf(const std::filesystem::path& file);

}  // namespace myriad::validator
