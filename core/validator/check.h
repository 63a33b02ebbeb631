// The checks: what each is about, what it needs, and its function, which runs in a process of its own.
#pragma once

#include <span>
#include <string_view>

#include "validator/judge.h"
#include "validator/subject.h"

namespace myriad::validator {

// What a check may rely on; one that gives up, or does not end, takes away what it `gives` from those after it.
enum Ground : unsigned {
  nothing = 0,
  a_manifest = 1,
  a_config = 2,
  a_library = 4,
  a_table = 8,
  an_instance = 16,
};

struct Check {
  const char* name;
  const char* purpose;
  unsigned needs, gives;
  // One of them. The second gets the plugin loaded.
  void (*of_files)(const Place&, Judge&);
  void (*of_plugin)(const Subject&, Judge&);
};

// In the order in which they are made.
std::span<const Check> all_checks();

// ---- check_files.cpp, check_library.cpp: nothing of the plugin runs, but in `libraries`
void check_manifest(const Place&, Judge&);
void check_schema(const Place&, Judge&);
void check_library(const Place&, Judge&);
void check_symbols(const Place&, Judge&);
void check_libraries(const Place&, Judge&);
// ---- check_loading.cpp
void check_loads(const Place&, Judge&);
void check_scan(const Place&, Judge&);
void check_instance(const Subject&, Judge&);
// ---- check_lifecycle.cpp, check_config.cpp, check_hosts.cpp
void check_lifecycle(const Subject&, Judge&);
void check_config(const Subject&, Judge&);
void check_hosts(const Subject&, Judge&);
void check_refusals(const Subject&, Judge&);
// ---- check_deadline.cpp, check_threads.cpp
void check_deadline(const Subject&, Judge&);
void check_threads(const Subject&, Judge&);
// ---- check_readings.cpp, check_calls.cpp, check_flow.cpp, check_errors.cpp, check_leaks.cpp
void check_readings(const Subject&, Judge&);
void check_calls(const Subject&, Judge&);
void check_flow(const Subject&, Judge&);
void check_errors(const Subject&, Judge&);
void check_leaks(const Subject&, Judge&);

}  // namespace myriad::validator
