/* What ABI 1.1 added to the promises of 1.0: myriad.http/1, myriad.timer/1, myriad.secrets/1, myriad.history/1. Never
 * edited after the release of 1.1. */
#include "abi_v1_0.c"

SIZE(myriad_http_request, 104);
AT(myriad_http_request, struct_size, 0);
AT(myriad_http_request, reserved, 4);
AT(myriad_http_request, method, 8);
AT(myriad_http_request, path, 24);
AT(myriad_http_request, query, 40);
AT(myriad_http_request, content_type, 56);
AT(myriad_http_request, body, 72);
AT(myriad_http_request, user, 88);

SIZE(myriad_http_response, 40);
AT(myriad_http_response, struct_size, 0);
AT(myriad_http_response, status, 4);
AT(myriad_http_response, content_type, 8);
AT(myriad_http_response, body, 24);

SIZE(myriad_ext_http, 16);
AT(myriad_ext_http, struct_size, 0);
AT(myriad_ext_http, reserved, 4);
AT(myriad_ext_http, serve, 8);

TEXT(MYRIAD_EXT_HTTP, 13);

SIZE(myriad_host_timer, 24);
AT(myriad_host_timer, struct_size, 0);
AT(myriad_host_timer, reserved, 4);
AT(myriad_host_timer, set, 8);
AT(myriad_host_timer, cancel, 16);

SIZE(myriad_host_secrets, 16);
AT(myriad_host_secrets, struct_size, 0);
AT(myriad_host_secrets, reserved, 4);
AT(myriad_host_secrets, get, 8);

SIZE(myriad_history_query, 40);
AT(myriad_history_query, struct_size, 0);
AT(myriad_history_query, point, 4);
AT(myriad_history_query, from_ns, 8);
AT(myriad_history_query, to_ns, 16);
AT(myriad_history_query, step_ns, 24);
AT(myriad_history_query, aggregate, 32);
AT(myriad_history_query, limit, 36);

SIZE(myriad_host_history, 16);
AT(myriad_host_history, struct_size, 0);
AT(myriad_host_history, reserved, 4);
AT(myriad_host_history, query, 8);

VALUE(MYRIAD_AGGREGATE_MEAN, 1);
VALUE(MYRIAD_AGGREGATE_MIN, 2);
VALUE(MYRIAD_AGGREGATE_MAX, 3);
VALUE(MYRIAD_AGGREGATE_SUM, 4);
VALUE(MYRIAD_AGGREGATE_COUNT, 5);
VALUE(MYRIAD_AGGREGATE_FIRST, 6);
VALUE(MYRIAD_AGGREGATE_LAST, 7);

TEXT(MYRIAD_HOST_TIMER, 14);
TEXT(MYRIAD_HOST_SECRETS, 16);
TEXT(MYRIAD_HOST_HISTORY, 16);
