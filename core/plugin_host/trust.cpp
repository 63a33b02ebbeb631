#include "plugin_host/trust.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/names.h"
#include "base/time_text.h"
#include "plugin_host/digest.h"

namespace myriad::plugin_host {
namespace {

using nlohmann::json;

constexpr const char* format = "myriad.trust/1";
constexpr std::uint64_t file_max = 4 << 20;

json to_json(const std::vector<TrustedKey>& keys) {
  json list = json::array();
  for (const auto& [name, key, added] : keys)
    list.push_back({{"name", name},
                    {"key", to_base64(key.bytes)},
                    {"fingerprint", fingerprint(key)},
                    {"added", format_time(added)}});
  return {{"format", format}, {"keys", std::move(list)}};
}

std::string text_at(const json& item, const char* member) {
  return item.is_object() && item.contains(member) && item[member].is_string() ? item[member].get<std::string>() : "";
}

std::optional<TrustedKey> read_key(const json& item) {
  const auto bytes = from_base64(text_at(item, "key"));
  const auto added = parse_time(text_at(item, "added"));
  if (!bytes || bytes->size() != 32 || !added || !is_slug(text_at(item, "name"))) return std::nullopt;
  TrustedKey key{text_at(item, "name"), {*bytes}, *added};
  if (fingerprint(key.key) != text_at(item, "fingerprint")) return std::nullopt;
  return key;
}

Result<std::vector<TrustedKey>> parse(const std::string& text, const std::string& file) {
  const auto broken = [&](const std::string& why) {
    return Error{Code::invalid, file + ": " + why + "; mend it, or remove it and add the keys again"};
  };
  const auto document = json::parse(text, nullptr, false);
  if (text_at(document, "format") != format || !document.contains("keys") || !document["keys"].is_array())
    return broken("this is no list of trusted keys");
  std::vector<TrustedKey> keys;
  for (const auto& item : document["keys"]) {
    auto key = read_key(item);
    if (!key) return broken("key " + std::to_string(keys.size() + 1) + " is not as it was written");
    keys.push_back(*std::move(key));
  }
  return keys;
}

// Two who change the list at once take turns.
Result<Descriptor> take_turn(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : ".";
  Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::flock(fd.get(), LOCK_EX) != 0)
    return Error{Code::not_found, "cannot open the data directory " + folder.string() + ": " + std::strerror(errno) +
                                      "; give the one that the daemon uses (--data)"};
  return fd;
}

Status write(const std::filesystem::path& file, std::vector<TrustedKey> keys) {
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return replace_file(file, to_json(keys).dump(2) + "\n", 0600);
}

}  // namespace

Result<std::vector<TrustedKey>> Trust::list() const {
  const auto text = read_file(file_, file_max);
  if (text) return parse(*text, file_.string());
  if (text.error().code == Code::not_found) return std::vector<TrustedKey>();
  return text.error();
}

Status Trust::add(const TrustedKey& key) const {
  if (!is_slug(key.name))
    return Error{Code::invalid, "name '" + key.name + "' is no slug: use letters, digits, '_', '-', '.', '~'", "name"};
  const auto turn = take_turn(file_);
  if (!turn) return turn.error();
  auto keys = list();
  if (!keys) return keys.error();
  for (const auto& other : *keys) {
    if (other.name == key.name)
      return Error{Code::exists,
                   "a key named '" + key.name + "' is trusted already: choose another --name, or remove it first"};
    if (other.key == key.key) return Error{Code::exists, "this key is trusted already, as '" + other.name + "'"};
  }
  keys->push_back(key);
  return write(file_, *std::move(keys));
}

Result<TrustedKey> Trust::remove(const std::string& which) const {
  const auto turn = take_turn(file_);
  if (!turn) return turn.error();
  auto keys = list();
  if (!keys) return keys.error();
  const auto found = std::find_if(keys->begin(), keys->end(), [&](const TrustedKey& key) {
    return key.name == which || fingerprint(key.key) == which;
  });
  if (found == keys->end())
    return Error{Code::not_found, "no trusted key is called '" + which + "': see myriad plugin trust list"};
  const TrustedKey removed = *found;
  keys->erase(found);
  if (auto ok = write(file_, *std::move(keys)); !ok) return ok.error();
  return removed;
}

Verification recognise(Verification verification, const std::vector<TrustedKey>& keys) {
  verification.trusted = false;
  if (verification.state != Verification::State::is_signed) return verification;
  for (const auto& key : keys) {
    if (key.key != verification.key) continue;
    verification.trusted = true;
    verification.signer = key.name;
  }
  return verification;
}

std::string_view policy_name(UnsignedPolicy policy) {
  switch (policy) {
    case UnsignedPolicy::refuse:
      return "refuse";
    case UnsignedPolicy::warn:
      return "warn";
    case UnsignedPolicy::allow:
      return "allow";
  }
  return "";
}

Result<std::string> admit(UnsignedPolicy policy, const Verification& verification) {
  std::string problem, mend;
  switch (verification.state) {
    case Verification::State::broken:
      return Error{Code::denied, verification.reason};
    case Verification::State::not_signed:
      problem = "the package is not signed";
      mend = "ask its vendor for a signed one, or sign it yourself (myriad plugin sign)";
      break;
    case Verification::State::is_signed:
      problem = "the package is signed by the key " + verification.fingerprint + ", which this site does not trust";
      mend = "compare the fingerprint with the vendor's, then myriad plugin trust add FILE.pub --name VENDOR";
      break;
  }
  if (verification.trusted) return std::string();
  switch (policy) {
    case UnsignedPolicy::refuse:
      return Error{Code::denied, problem + ": " + mend};
    case UnsignedPolicy::warn:
      return problem;
    case UnsignedPolicy::allow:
      return std::string();
  }
  return std::string();
}

}  // namespace myriad::plugin_host
