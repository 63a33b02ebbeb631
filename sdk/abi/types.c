/* The library that abidw reads: from its symbols every type of plugin.h can be reached. A type that is not shown here
 * may change without the guard noticing it, so that an addition to plugin.h adds a line. */
#include "plugin.h"

#define SHOW(type)                                          \
  MYRIAD_EXPORT extern const type* const myriad_abi_##type; \
  const type* const myriad_abi_##type = NULL

SHOW(myriad_status);
SHOW(myriad_error);
SHOW(myriad_text);
SHOW(myriad_reading);
SHOW(myriad_batch);
SHOW(myriad_host);
SHOW(myriad_plugin_api);
SHOW(myriad_ext_device);
SHOW(myriad_ext_sink);
SHOW(myriad_ext_processor);
SHOW(myriad_http_request);
SHOW(myriad_http_response);
SHOW(myriad_ext_http);
SHOW(myriad_host_things);
SHOW(myriad_host_events);
SHOW(myriad_host_inputs);
SHOW(myriad_host_kv);
SHOW(myriad_host_metrics);
SHOW(myriad_host_timer);
SHOW(myriad_host_secrets);
SHOW(myriad_history_query);
SHOW(myriad_host_history);

MYRIAD_EXPORT extern myriad_plugin_entry_fn const myriad_abi_entry;
myriad_plugin_entry_fn const myriad_abi_entry = NULL;
