// What history/1 of the plugin ABI answers: readings or rows of one point, as a batch. Waits for the disk.
#pragma once

#include "historian/historian.h"
#include "model/reading.h"
#include "myriad/plugin.h"

namespace myriad::historian {

// `name` is the point's. Errors are for the plugin's author.
Result<model::Batch> answer(Historian&, std::string_view name, const myriad_history_query&);

}  // namespace myriad::historian
