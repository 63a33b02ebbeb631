#include "plugin_host/quota.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace myriad::plugin_host {
namespace {

using nlohmann::json;

struct Member {
  const char* name;
  std::uint64_t Quota::*value;
  std::uint64_t least, most;
};

constexpr Member members[] = {{"readings_per_s", &Quota::readings_per_s, 1, 1'000'000'000},
                              {"bytes_per_s", &Quota::bytes_per_s, 1'024, 100'000'000'000},
                              {"cpu_percent", &Quota::cpu_percent, 1, 100'000},
                              {"memory_mb", &Quota::memory_mb, 16, 1'048'576}};

Error wrong(const std::string& name, const std::string& what) {
  return {Code::invalid, what, "/quota/" + name};
}

std::string range(const Member& m) {
  return "use 0 for no limit, or a whole number from " + std::to_string(m.least) + " to " + std::to_string(m.most);
}

}  // namespace

Result<Quota> parse_quota(std::string_view over, const Quota& usual) {
  Quota out = usual;
  const auto document = over.empty() ? json::object() : json::parse(over, nullptr, false);
  if (!document.is_object()) return Error{Code::invalid, "quota is no JSON object", "/quota"};
  for (const auto& [name, value] : document.items()) {
    const auto* m = std::find_if(std::begin(members), std::end(members),
                                 [&wanted = name](const Member& x) { return wanted == x.name; });
    if (m == std::end(members))
      return wrong(name, "there is no such quota: use readings_per_s, bytes_per_s, cpu_percent or memory_mb");
    if (!value.is_number_unsigned()) return wrong(name, value.dump().substr(0, 40) + ": " + range(*m));
    const auto number = value.get<std::uint64_t>();
    if (number != 0 && (number < m->least || number > m->most)) return wrong(name, value.dump() + ": " + range(*m));
    out.*m->value = number;
  }
  return out;
}

json quota_json(const Quota& quota) {
  json out;
  for (const auto& m : members) out[m.name] = quota.*m.value;
  return out;
}

bool Allowance::take(std::uint64_t readings, std::uint64_t bytes, Clock::time_point now) {
  if (quota_.readings_per_s == 0 && quota_.bytes_per_s == 0) return true;
  const auto per_s = static_cast<double>(quota_.readings_per_s), bytes_per_s = static_cast<double>(quota_.bytes_per_s);
  const std::lock_guard lock(mutex_);
  const double passed = filled_ == Clock::time_point() ? 1 : std::chrono::duration<double>(now - filled_).count();
  filled_ = now;
  readings_ = std::min(per_s, readings_ + passed * per_s);
  bytes_ = std::min(bytes_per_s, bytes_ + passed * bytes_per_s);
  const auto fits = [](double left, double wanted, double full) { return full == 0 || left >= std::min(wanted, full); };
  const auto r = static_cast<double>(readings), b = static_cast<double>(bytes);
  if (!fits(readings_, r, per_s) || !fits(bytes_, b, bytes_per_s)) return false;
  readings_ -= r;
  bytes_ -= b;
  return true;
}

void Allowance::give_back(std::uint64_t readings, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  readings_ += static_cast<double>(readings);
  bytes_ += static_cast<double>(bytes);
}

}  // namespace myriad::plugin_host
