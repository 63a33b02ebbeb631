// The same promises as C++ sees them, and the names that C99 cannot compare.
#include "abi_v1_0.c"

#include <string_view>

using namespace std::string_view_literals;

static_assert(MYRIAD_EXT_DEVICE == "myriad.device/1"sv);
static_assert(MYRIAD_EXT_SINK == "myriad.sink/1"sv);
static_assert(MYRIAD_EXT_PROCESSOR == "myriad.processor/1"sv);
static_assert(MYRIAD_HOST_THINGS == "myriad.things/1"sv);
static_assert(MYRIAD_HOST_EVENTS == "myriad.events/1"sv);
static_assert(MYRIAD_HOST_INPUTS == "myriad.inputs/1"sv);
static_assert(MYRIAD_HOST_KV == "myriad.kv/1"sv);
static_assert(MYRIAD_HOST_METRICS == "myriad.metrics/1"sv);
static_assert(MYRIAD_ENTRY_SYMBOL == "myriad_plugin_entry_v1"sv);
static_assert(MYRIAD_LAYOUT == 0x81018);
