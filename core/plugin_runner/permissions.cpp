#include "plugin_runner/permissions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

namespace myriad::plugin_runner {
namespace {

using nlohmann::json;
using Network = Permissions::Network;
using Kind = Network::Kind;

constexpr std::string_view config_prefix = "config:", write_prefix = "write:";
constexpr int most_ports = 1024;  // each is a rule of the kernel's, made anew at every start
constexpr std::size_t longest_path = 256;

// A refused text; the caller, who knows where it stands, adds the field.
Error refused(std::string_view text, std::string_view mend) {
  return {Code::invalid, "'" + std::string(text) + "' is refused: " + std::string(mend)};
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// 1 to 65535, with nothing behind it.
bool take_port(std::string_view text, std::uint16_t& port) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  return failure == std::errc() && end == text.data() + text.size() && port > 0;
}

bool take_ports(std::string_view text, Network& out) {
  const auto dash = text.find('-');
  if (!take_port(text.substr(0, dash), out.first)) return false;
  out.last = out.first;
  return dash == std::string_view::npos || (take_port(text.substr(dash + 1), out.last) && out.first <= out.last);
}

Status read_network(std::string_view text, Permissions& out) {
  constexpr std::array<std::pair<std::string_view, Kind>, 4> kinds{{{"tcp-connect", Kind::tcp_connect},
                                                                    {"tcp-listen", Kind::tcp_listen},
                                                                    {"udp", Kind::udp},
                                                                    {"local", Kind::local}}};
  const auto colon = text.find(':');
  const auto* known =
      std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.first == text.substr(0, colon); });
  if (known == kinds.end()) return refused(text, "use tcp-connect, tcp-listen, udp or local");
  Network network{known->second};
  if (colon != std::string_view::npos) {
    if (network.kind == Kind::udp || network.kind == Kind::local) return refused(text, "only TCP has ports here");
    if (!take_ports(text.substr(colon + 1), network))
      return refused(text, "write a port from 1 to 65535, or a range like 8000-8010");
    if (network.last - network.first >= most_ports)
      return refused(text, "ask for at most 1024 ports at once, or leave the ports out to ask for every port");
  }
  out.network.push_back(network);
  return {};
}

// RFC 6901, section 3.
bool is_pointer(std::string_view text) {
  if (!text.starts_with('/')) return false;
  for (std::size_t i = text.find('~'); i != std::string_view::npos; i = text.find('~', i + 1))
    if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return false;
  return true;
}

Status check_pointer(std::string_view pointer) {
  if (is_pointer(pointer)) return {};
  return refused(pointer, "write a JSON pointer into the configuration behind config:, like config:/tls/ca_file");
}

// What a person reads as it is: no blanks, no control characters, nothing that turns the direction of writing.
bool is_plain(std::string_view path) {
  return path.size() <= longest_path &&
         std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Status read_serial(std::string_view text, Permissions& out) {
  constexpr std::string_view special = "*?[]\\";
  if (take_prefix(text, config_prefix)) {
    out.config_devices.emplace_back(text);
    return check_pointer(text);
  }
  if (!is_plain(text) || !is_normal_path(text) || !text.starts_with("/dev/"))
    return refused(text, "write the path of device files below /dev, like /dev/ttyUSB*");
  // The beginning in plain letters keeps "/dev/*", which holds the disks and the memory, out.
  if (text.size() < 8 || text.substr(5, 3).find_first_of(special) != std::string_view::npos)
    return refused(text, "begin with three letters of a kind of device, like /dev/ttyUSB*");
  // fnmatch(3) takes exponential time over many stars.
  if (std::count(text.begin(), text.end(), '*') > 2) return refused(text, "use at most two '*'");
  if (is_within(text, "/dev/pts")) return refused(text, "people's terminals are never granted: ask for /dev/ttyUSB*");
  out.serial.emplace_back(text);
  return {};
}

Status read_file(std::string_view text, Permissions& out) {
  auto path = text;
  const bool write = take_prefix(path, write_prefix);
  if (take_prefix(path, config_prefix)) {
    out.config_files.push_back({std::string(path), write});
    return check_pointer(path);
  }
  if (!is_plain(path) || !is_normal_path(path))
    return refused(text, "write an absolute path without '.' and '..', like /var/lib/acme, or config:/pointer");
  if (path == "/" || path == "/proc") return refused(text, "name the files or the folder that the plugin needs");
  if (is_within(path, "/dev")) return refused(text, "list device files under `serial`");
  if (write && is_of_the_system(path))
    return refused(text, "the system's files are read only: ask for a folder of your own, like write:/var/lib/acme");
  out.files.push_back({std::string(path), write});
  return {};
}

using Read = Status (*)(std::string_view, Permissions&);

Status read_list(const json& permissions, const char* member, Read read, Permissions& out) {
  const auto list = permissions.find(member);
  if (list == permissions.end()) return {};
  const std::string field = std::string("/permissions/") + member;
  if (!list->is_array()) return Error{Code::invalid, std::string(member) + " is no list: write [ … ]", field};
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto at = field + "/" + std::to_string(i);
    if (!(*list)[i].is_string()) return Error{Code::invalid, (*list)[i].dump() + " is no text: write \"…\"", at};
    if (auto ok = read((*list)[i].get_ref<const std::string&>(), out); !ok)
      return Error{ok.error().code, ok.error().message, at};
  }
  return {};
}

Status check_members(const json& permissions) {
  if (!permissions.is_object())
    return Error{Code::invalid, "permissions is no object: write {\"network\": [ … ], \"files\": [ … ]}",
                 "/permissions"};
  constexpr std::array known{"network", "serial", "files", "things"};
  for (const auto& [name, value] : permissions.items())
    if (std::find(known.begin(), known.end(), name) == known.end())
      return Error{Code::invalid, "permissions know no '" + name + "': use network, serial, files and things",
                   "/permissions/" + name};
  if (permissions.value("things", json("own")) != "own")
    return Error{Code::invalid, permissions["things"].dump() + " is refused: things is \"own\"", "/permissions/things"};
  return {};
}

void collect(const json& value, std::vector<std::string>& out) {
  if (value.is_string()) out.push_back(value.get<std::string>());
  if (!value.is_structured()) return;
  for (const auto& part : value) collect(part, out);
}

}  // namespace

bool is_of_the_system(std::string_view path) {
  constexpr std::array folders{"/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/root", "/sbin", "/usr"};
  return std::any_of(folders.begin(), folders.end(), [&](const char* folder) { return is_within(path, folder); });
}

bool is_normal_path(std::string_view path) {
  return path.starts_with('/') && (path == "/" || !path.ends_with('/')) &&
         std::filesystem::path(path).lexically_normal().native() == path;
}

bool is_within(std::string_view path, std::string_view folder) {
  return folder == "/" || path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

Result<Permissions> parse_permissions(const json& permissions) {
  Permissions out;
  if (permissions.is_null()) return out;
  if (auto ok = check_members(permissions); !ok) return ok.error();
  if (auto ok = read_list(permissions, "network", read_network, out); !ok) return ok.error();
  if (auto ok = read_list(permissions, "serial", read_serial, out); !ok) return ok.error();
  if (auto ok = read_list(permissions, "files", read_file, out); !ok) return ok.error();
  return out;
}

std::vector<std::string> texts_at(const json& config, const std::string& pointer) {
  std::vector<std::string> out;
  try {
    if (const json::json_pointer at(pointer); config.contains(at)) collect(config[at], out);
  } catch (const json::exception&) {  // an index beyond every list throws even when asked whether it is there
  }
  return out;
}

}  // namespace myriad::plugin_runner
