// Files that cmake/EmbedFiles.cmake put into the program. They last for the process.
#pragma once

#include <span>
#include <string_view>

namespace myriad::api {

struct EmbeddedFile {
  std::string_view path;  // "assets/index-3f2a.js"
  std::string_view bytes;
  std::string_view gzip;    // the same, compressed; empty when there is no such file
  std::string_view digest;  // hexadecimal, of the bytes
};

std::span<const EmbeddedFile> embedded_console();  // by path
const EmbeddedFile& embedded_openapi();

}  // namespace myriad::api
