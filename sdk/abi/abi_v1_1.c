/* What ABI 1.1 added to the promises of 1.0: myriad.http/1. Never edited after the release of 1.1. */
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
