// What a plugin asks for: the member `permissions` of its manifest. Pure. An administrator reads the same words before
// installing, so the grammar is strict: what it does not know is refused.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace myriad::plugin_runner {

struct Permissions {
  struct Network {
    enum class Kind : std::uint8_t { tcp_connect, tcp_listen, udp, local };
    Kind kind = Kind::tcp_connect;
    std::uint16_t first = 0, last = 65535;  // TCP ports; these two are "every port"
    bool every_port() const { return first == 0; }
    bool operator==(const Network&) const = default;
  };
  struct File {
    std::string path;  // absolute and normal
    bool write = false;
    bool operator==(const File&) const = default;
  };

  std::vector<Network> network;             // "tcp-connect", "tcp-connect:502", "tcp-listen:8000-8010", "udp", "local"
  std::vector<std::string> serial;          // globs of device files: "/dev/ttyUSB*"
  std::vector<std::string> config_devices;  // of `serial`: "config:/device" as "/device", a JSON pointer
  std::vector<File> files;                  // "/sys/class/thermal", "write:/var/lib/acme"
  std::vector<File> config_files;           // of `files`: "config:/tls" and "write:config:/folder", as JSON pointers
  std::string things = "own";
  bool operator==(const Permissions&) const = default;
};

// null asks for nothing. Errors name the member at fault in `field` ("/permissions/files/0") and the mend.
Result<Permissions> parse_permissions(const nlohmann::json& permissions);

// Every string at `pointer` of `config` or beneath it; none where the configuration has nothing there.
std::vector<std::string> texts_at(const nlohmann::json& config, const std::string& pointer);

// "/var/lib/acme": absolute, without empty, "." or ".." parts and without a slash at its end; "/" alone is.
bool is_normal_path(std::string_view path);
// Is `path` the folder itself or beneath it? Both normal.
bool is_within(std::string_view path, std::string_view folder);
// Where nobody is granted to write.
bool is_of_the_system(std::string_view path);

}  // namespace myriad::plugin_runner
