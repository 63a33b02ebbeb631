// The site's passwords, keys and tokens, which plugins need to reach equipment: an administrator fills the store, and
// instances read what is for them. Values are sealed in the file with a key that lies elsewhere. Thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace myriad::security {

struct SecretInfo {  // all but the value
  std::string name;
  std::vector<std::string> instances;  // patterns of the ids that may read it
  Nanos updated = 0;
  std::uint64_t version = 0;
};

class Secrets {
 public:
  static constexpr std::size_t most_secrets = 1'000, most_instances = 256, value_max = 64 << 10;  // bytes

  struct Options {
    std::filesystem::path file;  // secrets.db
    std::filesystem::path keys;  // folder (0700) with secrets.key, made with the first secret
    std::function<void(const std::string&)> on_damage = {};  // of the file or its key, and what became of it
  };
  // A key that is missing or does not fit is told of, and stops nobody from starting.
  static Result<std::unique_ptr<Secrets>> open(Options, const Clock&);
  virtual ~Secrets() = default;

  // The version a writer expects; 0: that it is not there yet; nullopt: whatever it is.
  using IfVersion = std::optional<std::uint64_t>;

  virtual std::vector<SecretInfo> list() const = 0;  // by name
  virtual Result<SecretInfo> find(std::string_view name) const = 0;
  // Durable when it returns. `value` nullopt: keeps the value, which must be there. Sealed with the key that is there;
  // when it was lost, with a new one.
  virtual Result<SecretInfo> put(std::string_view name, std::optional<std::string_view> value,
                                 std::vector<std::string> instances, IfVersion) = 0;
  virtual Status remove(std::string_view name, IfVersion) = 0;

  // What the instance is given. Not there and not for this instance are told in the same words: Code::unavailable.
  virtual Result<std::string> get(std::string_view name, std::string_view instance) const = 0;
};

}  // namespace myriad::security
