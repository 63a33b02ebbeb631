#include <dlfcn.h>

#include <algorithm>
#include <set>

#include "plugin_host/loader.h"
#include "plugin_host/manifest.h"
#include "validator/check.h"
#include "validator/footprint.h"
#include "validator/trial.h"

namespace myriad::validator {
namespace {

using plugin_host::abi_text;
using plugin_host::Manifest;

void judge_agreement(const myriad_plugin_api& api, const Manifest& m, Judge& judge) {
  const std::string version = api.version ? api.version : "";
  if (version != m.version)
    judge.fail("the library says version '" + version + "', the manifest '" + m.version + "'",
               "give both the same version");
  const auto built = plugin_host::parse_abi(m.abi_built), min = plugin_host::parse_abi(m.abi_min);
  if (!built || !min) return;
  if (api.abi != *built)
    judge.warn("the library was built for ABI " + abi_text(api.abi) + ", the manifest says " + m.abi_built,
               "set /abi/built to \"" + abi_text(api.abi) + "\"");
  if (api.min_host_abi > *min)
    judge.fail("the library needs a host of ABI " + abi_text(api.min_host_abi) + ", the manifest says " + m.abi_min,
               "set /abi/min to \"" + abi_text(api.min_host_abi) + "\"");
}

const std::vector<std::string>& plugin_extensions() {
  static const std::vector<std::string> all{MYRIAD_EXT_DEVICE, MYRIAD_EXT_SINK, MYRIAD_EXT_PROCESSOR, MYRIAD_EXT_HTTP};
  return all;
}

void judge_served(const Trial& trial, const Manifest& m, Judge& judge) {
  const std::set<std::string> named(m.provides.begin(), m.provides.end());
  for (const auto& id : plugin_extensions()) {
    const auto* table = static_cast<const std::uint32_t*>(trial.extension(id.c_str()));
    if (named.contains(id) && !table)
      judge.fail("the manifest provides " + id + ", get_extension() gives none",
                 "serve it, or leave it out of provides");
    if (!named.contains(id) && table)
      judge.fail("get_extension() gives " + id + ", which the manifest does not provide", "add it to provides");
    if (table && *table < 2 * sizeof(std::uint32_t) + sizeof(void*))
      judge.fail("the table of " + id + " has " + std::to_string(*table) + " bytes, too few for its first function",
                 "set its struct_size to sizeof");
    if (table && trial.extension(id.c_str()) != table)
      judge.fail("get_extension(\"" + id + "\") gives another table each time", "give the same static table");
  }
  for (const auto& id : named)
    if (std::find(plugin_extensions().begin(), plugin_extensions().end(), id) == plugin_extensions().end())
      judge.warn("the manifest provides " + id + ", which this Myriad does not know", "check how it is spelt");
}

void judge_kind(const Trial& trial, const Manifest& m, Judge& judge) {
  constexpr const char* mend = "choose the kind that says what it does: device, protocol or analytics";
  if (m.kind == "device" && !trial.device())
    judge.warn("its kind is device, but it does not serve " MYRIAD_EXT_DEVICE, mend);
  if (m.kind == "analytics" && !trial.processor())
    judge.warn("its kind is analytics, but it does not serve " MYRIAD_EXT_PROCESSOR, mend);
}

}  // namespace

void check_loads(const Place& place, Judge& judge) {
  const auto manifest = read_manifest(place);
  if (!manifest) return judge.fail(manifest.error().message, "mend manifest.json");
  judge.calling("in " MYRIAD_ENTRY_SYMBOL "()");
  const auto api = plugin_host::load(place.library, manifest->id);
  if (!api) return judge.give_up(api.error().message, "the message says what to change");
  judge_agreement(**api, *manifest, judge);
}

void check_scan(const Place& place, Judge& judge) {
  constexpr double limit_ms = 50 * slowness;
  const auto threads = count_threads(), descriptors = count_descriptors();
  const auto habits = Habits::now();
  judge.calling("in its constructors");
  const Stopwatch watch;
  void* library = ::dlopen(place.library.c_str(), RTLD_NOW | RTLD_LOCAL);
  const auto entry =
      library ? reinterpret_cast<myriad_plugin_entry_fn>(::dlsym(library, MYRIAD_ENTRY_SYMBOL)) : nullptr;
  if (!entry) return judge.fail("it cannot be loaded", "mend what 'loads' says");
  judge.calling("in " MYRIAD_ENTRY_SYMBOL "()");
  const auto* first = entry(MYRIAD_ABI);
  const auto ms = watch.elapsed().count();
  if (ms > limit_ms)
    judge.fail(
        "loading took " + std::to_string(static_cast<int>(ms)) + " ms: the daemon loads many plugins when it starts",
        "do the work in start(): loading shall take less than 50 ms");
  if (entry(MYRIAD_ABI) != first)
    judge.fail("a second call of the entry gave another table", "give the same static table each time");
  if (entry((MYRIAD_ABI_MAJOR + 1) << 16))
    judge.warn("the entry accepts a host of another major version",
               "answer NULL when host_abi >> 16 is not MYRIAD_ABI_MAJOR");
  if (count_threads() > threads)
    judge.fail("loading started a thread", "start threads in start(), and join them in stop()");
  if (count_descriptors() > descriptors)
    judge.fail("loading opened a file or socket", "open what is needed in start()");
  for (const auto& change : habits.changes_until(Habits::now()))
    judge.fail("loading changed " + change + ", which is the daemon's",
               "leave what belongs to the whole process alone");
}

void check_instance(const Subject& subject, Judge& judge) {
  Trial trial(subject, judge);
  const auto created = trial.create();
  if (!created.ok())
    return judge.give_up("create() refused the configuration: " + created.text(),
                         "add or mend sample.json: a configuration that create() takes");
  if (!trial.is_created()) return judge.give_up("create() answered OK and gave no instance", "set *instance");
  judge_served(trial, subject.manifest, judge);
  judge_kind(trial, subject.manifest, judge);
  for (const char* id : {"myriad.unheard_of/1", "", "myriad.device/999"})
    if (trial.extension(id))
      judge.fail("get_extension(\"" + std::string(id) + "\") gives a table",
                 "answer NULL to an id that you do not know");
}

}  // namespace myriad::validator
