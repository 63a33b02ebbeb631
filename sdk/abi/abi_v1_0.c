/* What ABI 1.0 promised, on 64-bit machines. Compiled as C99 and as C++; never edited after the release of 1.0.
 * A later minor adds its own file, for the fields that it adds at the tails. HISTORY.md tells the story. */
#include "myriad/plugin.h"

#define FROZEN(name, is) typedef char frozen_##name[(is) ? 1 : -1]
/* A struct may grow at its tail: then it is longer than it was. */
#define SIZE(type, bytes) FROZEN(size_of_##type, sizeof(type) >= (bytes))
#define EXACT(type, bytes) FROZEN(exact_size_of_##type, sizeof(type) == (bytes))
#define AT(type, field, bytes) FROZEN(type##_##field, offsetof(type, field) == (bytes))
#define VALUE(name, value) FROZEN(value_of_##name, (int)(name) == (value))
/* C99 cannot compare text when it compiles: abi_v1_0.cpp does. */
#define TEXT(name, bytes) FROZEN(text_of_##name, sizeof(name) == (bytes) + 1)

EXACT(myriad_error, 256);
AT(myriad_error, struct_size, 0);
AT(myriad_error, os_code, 4);
AT(myriad_error, message, 8);

EXACT(myriad_text, 16);
AT(myriad_text, data, 0);
AT(myriad_text, size, 8);

EXACT(myriad_reading, 24);
AT(myriad_reading, time_ns, 0);
AT(myriad_reading, point, 8);
AT(myriad_reading, type, 12);
AT(myriad_reading, quality, 14);
AT(myriad_reading, value, 16);

SIZE(myriad_batch, 40);
AT(myriad_batch, struct_size, 0);
AT(myriad_batch, stride, 4);
AT(myriad_batch, readings, 8);
AT(myriad_batch, blob, 16);
AT(myriad_batch, count, 24);
AT(myriad_batch, blob_size, 28);
AT(myriad_batch, sequence, 32);

SIZE(myriad_host, 64);
AT(myriad_host, struct_size, 0);
AT(myriad_host, abi, 4);
AT(myriad_host, ctx, 8);
AT(myriad_host, get_extension, 16);
AT(myriad_host, log, 24);
AT(myriad_host, now_ns, 32);
AT(myriad_host, intern_point, 40);
AT(myriad_host, publish, 48);
AT(myriad_host, publish_durable, 56);

SIZE(myriad_plugin_api, 80);
AT(myriad_plugin_api, struct_size, 0);
AT(myriad_plugin_api, abi, 4);
AT(myriad_plugin_api, min_host_abi, 8);
AT(myriad_plugin_api, layout, 12);
AT(myriad_plugin_api, id, 16);
AT(myriad_plugin_api, version, 24);
AT(myriad_plugin_api, create, 32);
AT(myriad_plugin_api, destroy, 40);
AT(myriad_plugin_api, start, 48);
AT(myriad_plugin_api, stop, 56);
AT(myriad_plugin_api, cancel, 64);
AT(myriad_plugin_api, get_extension, 72);

SIZE(myriad_ext_device, 48);
AT(myriad_ext_device, struct_size, 0);
AT(myriad_ext_device, reserved, 4);
AT(myriad_ext_device, discover, 8);
AT(myriad_ext_device, poll, 16);
AT(myriad_ext_device, read, 24);
AT(myriad_ext_device, write, 32);
AT(myriad_ext_device, invoke, 40);

SIZE(myriad_ext_sink, 16);
AT(myriad_ext_sink, struct_size, 0);
AT(myriad_ext_sink, reserved, 4);
AT(myriad_ext_sink, deliver, 8);

SIZE(myriad_ext_processor, 32);
AT(myriad_ext_processor, struct_size, 0);
AT(myriad_ext_processor, reserved, 4);
AT(myriad_ext_processor, process, 8);
AT(myriad_ext_processor, save, 16);
AT(myriad_ext_processor, load, 24);

SIZE(myriad_host_things, 16);
AT(myriad_host_things, struct_size, 0);
AT(myriad_host_things, reserved, 4);
AT(myriad_host_things, put, 8);

SIZE(myriad_host_events, 16);
AT(myriad_host_events, struct_size, 0);
AT(myriad_host_events, reserved, 4);
AT(myriad_host_events, emit, 8);

SIZE(myriad_host_inputs, 32);
AT(myriad_host_inputs, struct_size, 0);
AT(myriad_host_inputs, reserved, 4);
AT(myriad_host_inputs, select, 8);
AT(myriad_host_inputs, name, 16);
AT(myriad_host_inputs, unit, 24);

SIZE(myriad_host_kv, 24);
AT(myriad_host_kv, struct_size, 0);
AT(myriad_host_kv, reserved, 4);
AT(myriad_host_kv, put, 8);
AT(myriad_host_kv, get, 16);

SIZE(myriad_host_metrics, 24);
AT(myriad_host_metrics, struct_size, 0);
AT(myriad_host_metrics, reserved, 4);
AT(myriad_host_metrics, set, 8);
AT(myriad_host_metrics, connection, 16);

VALUE(MYRIAD_OK, 0);
VALUE(MYRIAD_E_INVALID, -1);
VALUE(MYRIAD_E_UNSUPPORTED, -2);
VALUE(MYRIAD_E_UNAVAILABLE, -3);
VALUE(MYRIAD_E_TIMEOUT, -4);
VALUE(MYRIAD_E_CANCELLED, -5);
VALUE(MYRIAD_E_AGAIN, -6);
VALUE(MYRIAD_E_DENIED, -7);
VALUE(MYRIAD_E_INTERNAL, -8);
VALUE(MYRIAD_BOOL, 1);
VALUE(MYRIAD_I64, 2);
VALUE(MYRIAD_U64, 3);
VALUE(MYRIAD_F64, 4);
VALUE(MYRIAD_TEXT, 5);
VALUE(MYRIAD_BYTES, 6);
VALUE(MYRIAD_JSON, 7);
VALUE(MYRIAD_GOOD, 0);
VALUE(MYRIAD_UNCERTAIN, 1);
VALUE(MYRIAD_BAD, 2);
VALUE(MYRIAD_STALE, 3);
VALUE(MYRIAD_LOG_DEBUG, 1);
VALUE(MYRIAD_LOG_INFO, 2);
VALUE(MYRIAD_LOG_WARN, 3);
VALUE(MYRIAD_LOG_ERROR, 4);
VALUE(MYRIAD_ABI_MAJOR, 1);

TEXT(MYRIAD_EXT_DEVICE, 15);
TEXT(MYRIAD_EXT_SINK, 13);
TEXT(MYRIAD_EXT_PROCESSOR, 18);
TEXT(MYRIAD_HOST_THINGS, 15);
TEXT(MYRIAD_HOST_EVENTS, 15);
TEXT(MYRIAD_HOST_INPUTS, 15);
TEXT(MYRIAD_HOST_KV, 11);
TEXT(MYRIAD_HOST_METRICS, 16);
TEXT(MYRIAD_ENTRY_SYMBOL, 22);
