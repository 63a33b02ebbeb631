// Writes and reads the payloads of the runner protocol: numbers as they lie in memory (little-endian), text as its size
// in 32 bits and its bytes. Pure. A Reader never looks beyond its bytes: past the end everything is 0 or empty, and
// ok() says so.
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "myriad/plugin.h"
#include "plugin_runner/protocol.h"

namespace myriad::plugin_runner {

class Writer {
 public:
  template <class Number>
  requires std::is_arithmetic_v<Number> Writer& number(Number v) {
    bytes_.append(reinterpret_cast<const char*>(&v), sizeof v);
    return *this;
  }
  Writer& text(std::string_view s) {
    number(static_cast<std::uint32_t>(s.size()));
    bytes_.append(s);
    return *this;
  }
  Writer& text(myriad_text t) { return text(t.data ? std::string_view(t.data, t.size) : std::string_view()); }
  // Behind nothing else, for its readings to be aligned. Packs longer structs of a newer producer.
  Writer& batch(const myriad_batch&);

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <class Number>
  requires std::is_arithmetic_v<Number> Number number() {
    Number v{};
    if (const auto bytes = take(sizeof v); !bytes.empty()) std::memcpy(&v, bytes.data(), sizeof v);
    return v;
  }
  std::string_view text() { return take(number<std::uint32_t>()); }
  // Views into the bytes given, which begin at a multiple of 8. Nothing when head and size do not fit each other.
  std::optional<myriad_batch> batch();

  // Everything was there, and nothing is left.
  bool done() const { return ok_ && rest_.empty(); }
  bool ok() const { return ok_; }
  std::size_t left() const { return rest_.size(); }

 private:
  std::string_view take(std::size_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view rest_;
  bool ok_ = true;
};

inline myriad_text raw(std::string_view s) {
  return {s.data(), s.size()};
}

}  // namespace myriad::plugin_runner
