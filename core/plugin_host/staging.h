// A folder in the making: nobody sees it before commit(), and nothing of it stays when that does not come. One thread.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/result.h"

namespace myriad::plugin_host {

class Staging {
 public:
  // Beside `into`, whose parent exists.
  static Result<Staging> begin(const std::filesystem::path& into);
  Staging(Staging&&) = default;
  ~Staging();

  // A new file, "lib/x86_64/meter.so", with the folders that it needs. Requires a name that place_of() accepts.
  Status create(const std::string& name);
  Status write(std::string_view bytes);  // to the file of the latest create()
  Status finish();                       // it is on disk then
  // Gives the folder its name, which must be free: EXISTS otherwise.
  Status commit();

 private:
  Staging(std::filesystem::path into, std::filesystem::path folder, Descriptor fd)
      : into_(std::move(into)), folder_(std::move(folder)), fd_(std::move(fd)) {}
  Result<Descriptor> open_folder(const std::string& name);

  std::filesystem::path into_, folder_;
  Descriptor fd_;
  std::set<std::string> folders_;
  std::string file_name_;
  Descriptor file_;
};

}  // namespace myriad::plugin_host
