#include "validator/check.h"

namespace myriad::validator {
namespace {

constexpr unsigned files = a_manifest | a_config | a_library;
constexpr unsigned living = files | a_table | an_instance;

constexpr Check checks[] = {
    {"manifest", "manifest.json is valid and complete", nothing, a_manifest, check_manifest, nullptr},
    {"schema", "config_schema is a JSON Schema, and sample.json fits it", a_manifest, a_config, check_schema, nullptr},
    {"library", "the library is there, and made for this machine", nothing, a_library, check_library, nullptr},
    {"symbols", "it exports its entry and nothing else", a_library, nothing, check_symbols, nullptr},
    {"libraries", "what it needs is installed", a_library, nothing, check_libraries, nullptr},
    {"loads", "the daemon can load it, and its table agrees with the manifest", a_manifest | a_library, a_table,
     check_loads, nullptr},
    {"scan", "loading it does nothing else, and is quick", a_manifest | a_library | a_table, nothing, check_scan,
     nullptr},
    {"instance", "an instance serves what the manifest says", files | a_table, an_instance, nullptr, check_instance},
    {"lifecycle", "create, start, stop and destroy work in every order", living, nothing, nullptr, check_lifecycle},
    {"config", "no configuration brings it down", living, nothing, nullptr, check_config},
    {"hosts", "it works in newer, older and poorer hosts", living, nothing, nullptr, check_hosts},
    {"refusals", "it bears a host that is busy or refuses", living, nothing, nullptr, check_refusals},
    {"deadline", "it keeps deadlines, and cancel() ends a call", living, nothing, nullptr, check_deadline},
    {"threads", "it takes calls from any thread and leaves none behind", living, nothing, nullptr, check_threads},
    {"readings", "what it publishes and describes is well formed", living, nothing, nullptr, check_readings},
    {"calls", "it bears what its devices may be asked", living, nothing, nullptr, check_calls},
    {"flow", "it takes readings, and its state survives", living, nothing, nullptr, check_flow},
    {"errors", "its errors say something", living, nothing, nullptr, check_errors},
    {"leaks", "memory and descriptors do not grow", living, nothing, nullptr, check_leaks},
};

}  // namespace

std::span<const Check> all_checks() {
  return checks;
}

}  // namespace myriad::validator
