// The same promises as C++ sees them, and the name that C99 cannot compare.
#include "abi_v1_1.c"

#include <string_view>

using namespace std::string_view_literals;

static_assert(MYRIAD_EXT_HTTP == "myriad.http/1"sv);
static_assert(MYRIAD_HOST_TIMER == "myriad.timer/1"sv);
static_assert(MYRIAD_HOST_SECRETS == "myriad.secrets/1"sv);
static_assert(MYRIAD_HOST_HISTORY == "myriad.history/1"sv);
