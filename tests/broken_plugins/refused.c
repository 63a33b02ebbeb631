/* A library with one thing wrong, chosen by a definition: each must be refused with a message that says which. */
#include "myriad/plugin.h"

#ifndef ENTRY
#define ENTRY myriad_plugin_entry_v1
#endif
#ifndef ABI
#define ABI MYRIAD_ABI
#endif
#ifndef MIN_HOST_ABI
#define MIN_HOST_ABI MYRIAD_ABI
#endif
#ifndef LAYOUT
#define LAYOUT MYRIAD_LAYOUT
#endif
#ifndef SIZE
#define SIZE sizeof(myriad_plugin_api)
#endif
#ifndef ANSWER
#define ANSWER &api
#endif

static myriad_status create(const myriad_host* host, const char* config, myriad_instance** out, myriad_error* error) {
  static char instance;
  (void)host, (void)config, (void)error;
  *out = (myriad_instance*)&instance;
  return MYRIAD_OK;
}
static myriad_status start(myriad_instance* i, myriad_error* error) {
  (void)i, (void)error;
  return MYRIAD_OK;
}
static void nothing(myriad_instance* i) {
  (void)i;
}
static const void* no_extension(myriad_instance* i, const char* id) {
  (void)i, (void)id;
  return NULL;
}

static const myriad_plugin_api api = {SIZE,   ABI,     MIN_HOST_ABI, LAYOUT,  ID,      "1.0.0",
                                      create, nothing, start,        nothing, nothing, no_extension};

MYRIAD_EXPORT const myriad_plugin_api* ENTRY(uint32_t host_abi);
const myriad_plugin_api* ENTRY(uint32_t host_abi) {
  (void)host_abi;
  (void)&api;
  return ANSWER;
}
