// What history/1 answers: readings or rows of one point, as a batch. Waits for the disk.
#pragma once

#include "historian/historian.h"
#include "model/reading.h"
#include "myriad/plugin.h"

namespace myriad::plugin_host {

// `name` is the point's. Errors are for the plugin's author.
Result<model::Batch> answer_history(historian::Historian&, std::string_view name, const myriad_history_query&);

}  // namespace myriad::plugin_host
