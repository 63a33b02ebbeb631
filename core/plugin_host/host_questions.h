// What an isolated plugin asks of its host: one message of the runner protocol, answered by the host table.
#pragma once

#include <string>
#include <string_view>

#include "plugin_host/host_table.h"
#include "plugin_runner/protocol.h"

namespace myriad::plugin_host {

// `payload` is what a child sent, and may be anything: what does not fit its type is INVALID. `answer` is what goes
// back with the status. put_thing, kv_put and kv_get wait for the disk. Thread-safe.
myriad_status answer_question(HostTable&, plugin_runner::Type, std::string_view payload, std::string& answer);

}  // namespace myriad::plugin_host
