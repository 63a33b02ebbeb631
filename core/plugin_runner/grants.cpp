#include "plugin_runner/grants.h"

#include <glob.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

namespace myriad::plugin_runner {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Place = Grants::Place;
using Kind = Permissions::Network::Kind;

// Who asks for a device: what people name in a configuration goes further than a stranger's pattern.
enum class Asked : std::uint8_t { by_manifest, by_config };

struct Found {
  std::string path;
  struct stat status;
};

// Links resolved; nothing where nothing is.
std::optional<Found> look(const std::string& path) {
  std::error_code error;
  Found found{fs::canonical(path, error).native(), {}};
  if (error || ::stat(found.path.c_str(), &found.status) != 0) return {};
  return found;
}

// Linux's list of devices, Documentation/admin-guide/devices.txt.
bool is_grantable(dev_t device, Asked asked) {
  const auto major = gnu_dev_major(device), minor = gnu_dev_minor(device);
  const bool memory = major == 1;
  const bool console = (major == 4 && minor < 64) || major == 5;
  const bool terminal = major >= 136 && major <= 143;  // of people who are logged in, but of emulated lines as well
  return !memory && !console && !(terminal && asked == Asked::by_manifest);
}

class Granting {
 public:
  Granting(const Folders& folders, Grants& out) : folders_(folders), out_(out) {
    if (const auto data = look(folders.data)) data_ = data->path;
  }

  void file(const std::string& path, bool write) {
    if (!is_normal_path(path)) return leave_out(path, "write it without '.', '..' and doubled slashes");
    if (is_covered(path, write)) return;
    const auto found = look(path);
    if (!found) return leave_out(path, "it is not there");
    if (write && is_of_the_system(found->path)) return leave_out(path, "the system's files are read only");
    if (touches_data(found->path)) return leave_out(path, "Myriad's own data is there");
    if (S_ISCHR(found->status.st_mode) || S_ISBLK(found->status.st_mode))
      return leave_out(path, "it is a device: the manifest has to list it under `serial`");
    add(out_.files, *found, write);
    if (S_ISDIR(found->status.st_mode) && is_within(path, "/sys")) follow_links_in(*found, write);
  }

  void devices(const std::string& pattern) {
    glob_t found{};
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
      for (std::size_t i = 0; i < found.gl_pathc; ++i) device(found.gl_pathv[i], Asked::by_manifest);
    else
      leave_out(pattern, "no such device is there");
    ::globfree(&found);
  }

  void device(const std::string& path, Asked asked) {
    const auto found = look(path);
    if (!found) return leave_out(path, "it is not there");
    if (!is_within(found->path, "/dev") || !S_ISCHR(found->status.st_mode))
      return leave_out(path, "it is no character device below /dev");
    if (is_grantable(found->status.st_rdev, asked)) return add(out_.devices, *found, true);
    if (asked == Asked::by_config) leave_out(path, "memory and consoles are never granted");
  }

 private:
  void leave_out(const std::string& path, const std::string& why) {
    out_.left_out.push_back("'" + path + "' is not granted: " + why);
  }

  static void add(std::vector<Place>& to, const Found& found, bool write) {
    const auto known =
        std::find_if(to.begin(), to.end(), [&](const Place& p) { return p.path == found.path && p.write >= write; });
    if (known == to.end()) to.push_back({found.path, found.status.st_ino, write});
  }

  // Never resolve what lies where the plugin writes: it could put a link there, to anything, and be granted that.
  bool is_covered(const std::string& path, bool write) const {
    if (is_within(path, folders_.home) || (!write && is_within(path, folders_.plugin))) return true;
    return std::any_of(out_.files.begin(), out_.files.end(),
                       [&](const Place& p) { return p.write && is_within(path, p.path); });
  }

  // Above it, too: what grants a folder grants all within.
  bool touches_data(const std::string& path) const {
    return path == "/" || (!data_.empty() && (is_within(path, data_) || is_within(data_, path)));
  }

  // The folders of /sys/class and /sys/bus hold links to where the devices are.
  void follow_links_in(const Found& folder, bool write) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder.path, error)) {
      const auto found = entry.is_symlink(error) ? look(entry.path()) : std::nullopt;
      if (found && is_within(found->path, "/sys/devices")) add(out_.files, *found, write);
    }
  }

  const Folders& folders_;
  Grants& out_;
  std::string data_;  // empty where nothing is kept yet
};

bool has_internet(const std::vector<Permissions::Network>& network) {
  return std::any_of(network.begin(), network.end(), [](const auto& n) { return n.kind != Kind::local; });
}

// What name look-ups and TLS read. Some have none of these, which is no news for anybody.
void grant_lookups(Granting& granting, Grants& out) {
  const auto left_out = out.left_out.size();
  for (const auto* path : {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services", "/etc/protocols",
                           "/etc/gai.conf", "/etc/host.conf"})
    granting.file(path, false);
  // These two write the file anew whenever the network changes.
  for (const auto* folder : {"/run/systemd/resolve", "/run/resolvconf"}) granting.file(folder, false);
  out.left_out.resize(left_out);
}

json as_json(const std::vector<Place>& places) {
  auto out = json::array();
  for (const auto& p : places) out.push_back({p.path, p.inode, p.write});
  return out;
}

std::vector<Place> places_from(const json& list) {
  std::vector<Place> out;
  for (const auto& p : list) out.push_back({p.at(0), p.at(1), p.at(2)});
  return out;
}

json as_json(const std::vector<Permissions::Network>& network) {
  auto out = json::array();
  for (const auto& n : network) out.push_back({n.kind, n.first, n.last});
  return out;
}

std::vector<Permissions::Network> network_from(const json& list) {
  std::vector<Permissions::Network> out;
  for (const auto& n : list) out.push_back({n.at(0), n.at(1), n.at(2)});
  return out;
}

}  // namespace

Grants grants_of(const Permissions& permissions, const json& config, const Folders& folders, const Limits& limits) {
  Grants out;
  out.network = permissions.network;
  out.home = folders.home;
  out.plugin = folders.plugin;
  out.limits = limits;
  Granting granting(folders, out);
  auto files = permissions.files;
  for (const auto& [pointer, write] : permissions.config_files)
    for (const auto& text : texts_at(config, pointer))
      if (text.starts_with('/')) files.push_back({text, write});
  // Those to be written first: they cover what is read within them.
  std::stable_partition(files.begin(), files.end(), [](const auto& file) { return file.write; });
  for (const auto& file : files) granting.file(file.path, file.write);
  for (const auto& pattern : permissions.serial) granting.devices(pattern);
  for (const auto& pointer : permissions.config_devices)
    for (const auto& text : texts_at(config, pointer))
      if (text.starts_with('/')) granting.device(text, Asked::by_config);
  if (has_internet(out.network)) grant_lookups(granting, out);
  return out;
}

std::string to_text(const Grants& g) {
  const json document{
      {"files", as_json(g.files)},
      {"devices", as_json(g.devices)},
      {"network", as_json(g.network)},
      {"home", g.home},
      {"plugin", g.plugin},
      {"limits", {g.limits.memory_bytes, g.limits.file_bytes, g.limits.core_bytes, g.limits.descriptors}},
      {"left_out", g.left_out},
      {"programs", g.programs},
      {"descriptors", g.descriptors},
      {"parent", g.parent}};
  // A name that is no UTF-8 becomes another, which is not there: the child goes without it.
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Grants> grants_from(std::string_view text) {
  try {
    const auto document = json::parse(text);
    const auto& limits = document.at("limits");
    return Grants{places_from(document.at("files")),
                  places_from(document.at("devices")),
                  network_from(document.at("network")),
                  document.at("home"),
                  document.at("plugin"),
                  {limits.at(0), limits.at(1), limits.at(2), limits.at(3)},
                  document.at("left_out"),
                  document.at("programs"),
                  document.at("descriptors"),
                  document.at("parent")};
  } catch (const json::exception& failure) {
    return Error{Code::internal, std::string("the grants cannot be read: ") + failure.what()};
  }
}

}  // namespace myriad::plugin_runner
