#include "base/temp_dir.h"

#include <cstdlib>
#include <stdexcept>

namespace myriad {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "myriad-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary directory like " + name);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace myriad
