// Where parts of the daemon say what happens. Thread-safe. The app wires it to Poco's channels; a test keeps lines.
// Never pass a secret: no password, token, key or whole configuration.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace myriad {

enum class Level : std::uint8_t { debug = 1, info, warn, error };

class Log {
 public:
  using Write = std::function<void(Level, std::string_view source, std::string_view text)>;

  // `source` is the floor or "instance/<id>".
  Log(Write write, std::string source) : write_(std::move(write)), source_(std::move(source)) {}

  Log named(std::string source) const { return Log(write_, std::move(source)); }

  void debug(std::string_view text) const { write(Level::debug, text); }
  void info(std::string_view text) const { write(Level::info, text); }
  void warn(std::string_view text) const { write(Level::warn, text); }
  void error(std::string_view text) const { write(Level::error, text); }
  void write(Level level, std::string_view text) const {
    if (write_) write_(level, source_, text);
  }

  static Log none() { return Log(nullptr, ""); }

 private:
  Write write_;
  std::string source_;
};

}  // namespace myriad
