/* A host of ABI 1.0, complete in one file and frozen with that release: host LIBRARY CONFIG [POINT...]
 *
 * Loads a plugin as Myriad did with ABI 1.0 (the same checks, tables of the same sizes), lives its life with it on the
 * configuration in the file CONFIG, and prints what it saw. tests/abi runs it with today's plugins: each must still
 * load and work here. Exit code 0 when every call did what 1.0 promises and each POINT (<thing>/<property>) was
 * published; otherwise 1, with the reason.
 *
 * One thread calls the plugin; publish_durable answers on threads of its own. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plugin.h"

enum { MAX_POINTS = 4096, MAX_PATTERNS = 64, MAX_STATES = 64, MAX_ANSWERS = 256, MAX_STATE = 1 << 20 };

typedef struct state {
  char key[257];
  void* value;
  size_t size;
} state;

/* All that this host knows, guarded by `mutex`. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char point_names[MAX_POINTS + 1][260];
static unsigned point_readings[MAX_POINTS + 1];
static uint32_t points;
static char patterns[MAX_PATTERNS][260];
static uint32_t pattern_count;
static state states[MAX_STATES];
static unsigned readings, things, events, metrics, log_lines;
static pthread_t answers[MAX_ANSWERS];
static unsigned answer_count;

static void fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("host 1.0: ", stdout);
  vprintf(format, arguments);
  putchar('\n');
  va_end(arguments);
  exit(1);
}

static void expect(int condition, const char* what) {
  if (!condition) fail("%s", what);
}

static myriad_text text(const char* s) {
  const myriad_text t = {s, strlen(s)};
  return t;
}

/* ---- What the host gives ------------------------------------------------------------------- */

static int64_t now_ns(const myriad_host* h) {
  struct timespec now;
  (void)h;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void log_line(const myriad_host* h, int32_t level, const char* data, size_t size) {
  (void)h;
  pthread_mutex_lock(&mutex);
  ++log_lines;
  printf("log %d: %.*s\n", (int)level, (int)size, data);
  pthread_mutex_unlock(&mutex);
}

static int is_slug(myriad_text t) {
  size_t i;
  if (t.size == 0 || t.size > 128 || strchr(".~-", t.data[0])) return 0;
  for (i = 0; i < t.size; ++i) {
    const char c = t.data[i];
    const int plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && (c == '\0' || !strchr("_.~-", c))) return 0;
  }
  return 1;
}

static uint32_t id_of(const char* name) {
  uint32_t id;
  for (id = 1; id <= points; ++id)
    if (strcmp(point_names[id], name) == 0) return id;
  expect(points < MAX_POINTS, "more points than this host holds");
  strcpy(point_names[++points], name);
  return points;
}

static myriad_status intern_point(const myriad_host* h, myriad_text thing, myriad_text property, uint32_t* id) {
  char name[260];
  (void)h;
  if (!is_slug(thing) || !is_slug(property)) return MYRIAD_E_INVALID;
  snprintf(name, sizeof name, "%.*s/%.*s", (int)thing.size, thing.data, (int)property.size, property.data);
  pthread_mutex_lock(&mutex);
  *id = id_of(name);
  pthread_mutex_unlock(&mutex);
  return MYRIAD_OK;
}

static int is_right(const myriad_reading* r, const myriad_batch* b) {
  if (r->time_ns < 0 || r->point == 0 || r->point > points) return 0;
  if (r->type < MYRIAD_BOOL || r->type > MYRIAD_JSON || r->quality > MYRIAD_STALE) return 0;
  if (r->type == MYRIAD_BOOL) return r->value.i64 == 0 || r->value.i64 == 1;
  if (r->type == MYRIAD_F64) return r->value.f64 - r->value.f64 == 0; /* neither NaN nor infinite */
  if (r->type < MYRIAD_TEXT) return 1;
  return r->value.blob.offset <= b->blob_size && r->value.blob.size <= b->blob_size - r->value.blob.offset;
}

static const myriad_reading* reading_at(const myriad_batch* b, uint32_t n) {
  return (const myriad_reading*)(const void*)((const char*)b->readings + (size_t)n * b->stride);
}

static myriad_status publish(const myriad_host* h, const myriad_batch* b) {
  uint32_t n;
  myriad_status status = MYRIAD_OK;
  (void)h;
  if (b->struct_size < offsetof(myriad_batch, sequence) || b->stride < sizeof(myriad_reading)) return MYRIAD_E_INVALID;
  pthread_mutex_lock(&mutex);
  for (n = 0; n < b->count; ++n)
    if (!is_right(reading_at(b, n), b)) status = MYRIAD_E_INVALID;
  for (n = 0; n < b->count && status == MYRIAD_OK; ++n) {
    ++point_readings[reading_at(b, n)->point];
    ++readings;
  }
  pthread_mutex_unlock(&mutex);
  return status;
}

typedef struct owed {
  void (*done)(void*, myriad_status);
  void* user;
} owed;

static void* give_answer(void* p) {
  const owed o = *(owed*)p;
  free(p);
  o.done(o.user, MYRIAD_OK);
  return NULL;
}

static myriad_status publish_durable(const myriad_host* h, const myriad_batch* b, void (*done)(void*, myriad_status),
                                     void* user) {
  const myriad_status status = publish(h, b);
  owed* o;
  if (status != MYRIAD_OK) return status;
  o = malloc(sizeof *o);
  expect(o && answer_count < MAX_ANSWERS, "more publish_durable calls than this host holds");
  o->done = done;
  o->user = user;
  pthread_mutex_lock(&mutex);
  expect(pthread_create(&answers[answer_count++], NULL, give_answer, o) == 0, "no thread for publish_durable");
  pthread_mutex_unlock(&mutex);
  return MYRIAD_OK;
}

static myriad_status refuse(myriad_error* e, const char* why) {
  if (e && e->struct_size >= sizeof *e) snprintf(e->message, sizeof e->message, "%s", why);
  return MYRIAD_E_INVALID;
}

static myriad_status put_thing(const myriad_host* h, myriad_text thing, myriad_text td, myriad_error* e) {
  (void)h;
  if (!is_slug(thing)) return refuse(e, "the Thing's name is no slug");
  if (td.size < 2 || td.data[0] != '{' || td.data[td.size - 1] != '}') return refuse(e, "the description is no object");
  pthread_mutex_lock(&mutex);
  ++things;
  pthread_mutex_unlock(&mutex);
  return MYRIAD_OK;
}

static myriad_status emit(const myriad_host* h, myriad_text thing, myriad_text event, myriad_text data, int64_t time) {
  (void)h;
  if (!is_slug(thing) || !is_slug(event) || time < 0) return MYRIAD_E_INVALID;
  pthread_mutex_lock(&mutex);
  ++events;
  printf("event %.*s/%.*s %.*s\n", (int)thing.size, thing.data, (int)event.size, event.data, (int)data.size, data.data);
  pthread_mutex_unlock(&mutex);
  return MYRIAD_OK;
}

static myriad_status select_inputs(const myriad_host* h, const myriad_text* given, uint32_t count, myriad_error* e) {
  uint32_t n;
  (void)h;
  pthread_mutex_lock(&mutex);
  for (pattern_count = 0, n = 0; n < count && n < MAX_PATTERNS; ++n)
    snprintf(patterns[pattern_count++], 260, "%.*s", (int)given[n].size, given[n].data);
  pthread_mutex_unlock(&mutex);
  return count <= MAX_PATTERNS ? MYRIAD_OK : refuse(e, "more patterns than this host holds");
}

static myriad_status name_of(const myriad_host* h, uint32_t point, myriad_text* thing, myriad_text* property) {
  const char* slash;
  (void)h;
  if (point == 0 || point > points) return MYRIAD_E_INVALID;
  slash = strchr(point_names[point], '/');
  thing->data = point_names[point];
  thing->size = (size_t)(slash - point_names[point]);
  *property = text(slash + 1);
  return MYRIAD_OK;
}

static myriad_status unit_of(const myriad_host* h, uint32_t point, char* buffer, size_t size) {
  (void)h;
  if (point == 0 || point > points || size == 0) return MYRIAD_E_INVALID;
  snprintf(buffer, size, "lx");
  return MYRIAD_OK;
}

static state* find_state(myriad_text key, int make) {
  unsigned n;
  for (n = 0; n < MAX_STATES; ++n)
    if (strlen(states[n].key) == key.size && memcmp(states[n].key, key.data, key.size) == 0) return &states[n];
  for (n = 0; n < MAX_STATES && make; ++n)
    if (!states[n].key[0]) {
      memcpy(states[n].key, key.data, key.size);
      return &states[n];
    }
  return NULL;
}

static myriad_status kv_put(const myriad_host* h, myriad_text key, const void* value, size_t size) {
  state* s;
  (void)h;
  if (key.size == 0 || key.size > 256 || size > MAX_STATE) return MYRIAD_E_INVALID;
  pthread_mutex_lock(&mutex);
  s = find_state(key, 1);
  expect(s != NULL, "more kept state than this host holds");
  free(s->value);
  s->value = size ? malloc(size) : NULL;
  s->size = size;
  if (size) memcpy(s->value, value, size);
  pthread_mutex_unlock(&mutex);
  return MYRIAD_OK;
}

static myriad_status kv_get(const myriad_host* h, myriad_text key, void (*found)(void*, const void*, size_t),
                            void* user) {
  const state* s;
  (void)h;
  pthread_mutex_lock(&mutex);
  s = find_state(key, 0);
  pthread_mutex_unlock(&mutex);
  if (!s || !s->size) return MYRIAD_E_UNAVAILABLE;
  found(user, s->value, s->size);
  return MYRIAD_OK;
}

static myriad_status set_metric(const myriad_host* h, myriad_text name, double value) {
  (void)h, (void)name, (void)value;
  pthread_mutex_lock(&mutex);
  ++metrics;
  pthread_mutex_unlock(&mutex);
  return MYRIAD_OK;
}

static myriad_status connection(const myriad_host* h, int32_t up, myriad_text reason) {
  (void)h;
  printf("connection %s %.*s\n", up ? "up" : "down", (int)reason.size, reason.data);
  return MYRIAD_OK;
}

static const void* get_extension(const myriad_host* h, const char* id) {
  static const myriad_host_things things_table = {sizeof things_table, 0, put_thing};
  static const myriad_host_events events_table = {sizeof events_table, 0, emit};
  static const myriad_host_inputs inputs_table = {sizeof inputs_table, 0, select_inputs, name_of, unit_of};
  static const myriad_host_kv kv_table = {sizeof kv_table, 0, kv_put, kv_get};
  static const myriad_host_metrics metrics_table = {sizeof metrics_table, 0, set_metric, connection};
  (void)h;
  if (strcmp(id, MYRIAD_HOST_THINGS) == 0) return &things_table;
  if (strcmp(id, MYRIAD_HOST_EVENTS) == 0) return &events_table;
  if (strcmp(id, MYRIAD_HOST_INPUTS) == 0) return &inputs_table;
  if (strcmp(id, MYRIAD_HOST_KV) == 0) return &kv_table;
  if (strcmp(id, MYRIAD_HOST_METRICS) == 0) return &metrics_table;
  return NULL;
}

static const myriad_host host = {sizeof(myriad_host), MYRIAD_ABI, NULL,           get_extension, log_line, now_ns,
                                 intern_point,        publish,    publish_durable};

/* ---- Loading, as 1.0 did ------------------------------------------------------------------- */

static void check_api(const myriad_plugin_api* api, const char* id) {
  if (api->struct_size < sizeof(myriad_plugin_api)) fail("its table has %u bytes", (unsigned)api->struct_size);
  if (api->abi >> 16 != MYRIAD_ABI_MAJOR) fail("it was built for ABI %u", (unsigned)api->abi >> 16);
  if (api->min_host_abi > MYRIAD_ABI) fail("it needs a host with ABI 0x%x", (unsigned)api->min_host_abi);
  if (api->layout != MYRIAD_LAYOUT) fail("its memory layout is 0x%x", (unsigned)api->layout);
  if (!api->id || strcmp(api->id, id) != 0) fail("its library calls itself '%s'", api->id ? api->id : "");
  expect(api->create && api->destroy && api->start && api->stop && api->cancel && api->get_extension,
         "a plugin gives all six functions");
}

static const myriad_plugin_api* load(const char* library) {
  char id[129] = "";
  const char* slash = strrchr(library, '/');
  void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  myriad_plugin_entry_fn entry = NULL;
  const myriad_plugin_api* api;
  if (!handle) fail("%s", dlerror());
  *(void**)&entry = dlsym(handle, MYRIAD_ENTRY_SYMBOL);
  if (!entry) fail("%s has no symbol " MYRIAD_ENTRY_SYMBOL, library);
  api = entry(MYRIAD_ABI);
  if (!api) fail("%s does not accept a host of ABI 1.0", library);
  snprintf(id, sizeof id, "%s", slash ? slash + 1 : library);
  if (strrchr(id, '.')) *strrchr(id, '.') = '\0';
  check_api(api, id);
  printf("loaded %s %s, built for ABI %u.%u\n", api->id, api->version, (unsigned)api->abi >> 16,
         (unsigned)api->abi & 0xffff);
  return api;
}

/* ---- The life of an instance --------------------------------------------------------------- */

static myriad_error error;

/* OK, or one of the statuses that say "not me" or "not now". */
static void call(const char* what, myriad_status status, int may_refuse) {
  const int fine =
      status == MYRIAD_OK || (may_refuse && (status == MYRIAD_E_UNSUPPORTED || status == MYRIAD_E_INVALID));
  printf("%s: %d%s%s\n", what, (int)status, status ? " " : "", status ? error.message : "");
  if (!fine) fail("%s failed", what);
  memset(&error, 0, sizeof error);
  error.struct_size = sizeof error;
}

static myriad_instance* create(const myriad_plugin_api* api, const char* config) {
  myriad_instance* made = NULL;
  call("create", api->create(&host, config, &made, &error), 0);
  expect(made != NULL, "create() gave no instance");
  expect(!api->get_extension(made, "myriad.unheard_of/1"), "it serves an extension that does not exist");
  return made;
}

static void reply(void* user, myriad_status status, myriad_text output) {
  printf("reply: %d %.*s\n", (int)status, (int)output.size, output.data);
  *(int*)user += 1;
}

static void use_device(myriad_instance* i, const myriad_ext_device* d) {
  const int64_t deadline = now_ns(&host) + (int64_t)10 * 1000000000;
  const uint32_t first = 1;
  myriad_reading r = {0};
  myriad_batch b = {sizeof b, sizeof r, NULL, NULL, 1, 0, 0};
  myriad_status each[2] = {99, 99};
  int replies = 0;
  b.readings = &r;
  r.time_ns = now_ns(&host);
  r.point = first;
  r.type = MYRIAD_I64;
  r.value.i64 = 1;
  if (MYRIAD_HAS(d, myriad_ext_device, discover)) call("discover", d->discover(i, deadline, &error), 1);
  if (MYRIAD_HAS(d, myriad_ext_device, poll)) call("poll", d->poll(i, deadline, &error), 0);
  if (MYRIAD_HAS(d, myriad_ext_device, poll)) call("poll", d->poll(i, deadline, &error), 0);
  if (MYRIAD_HAS(d, myriad_ext_device, read)) call("read", d->read(i, &first, 1, deadline, &error), 1);
  if (MYRIAD_HAS(d, myriad_ext_device, write)) call("write", d->write(i, &b, each, &error), 1);
  expect(each[1] == 99, "write() wrote beyond its slots");
  if (MYRIAD_HAS(d, myriad_ext_device, invoke))
    call("invoke", d->invoke(i, text("probe"), text("echo"), text("7"), reply, &replies, &error), 1);
  expect(replies <= 1, "invoke() replied twice");
}

/* A point that the pattern matches: each * becomes an x. */
static uint32_t point_for(const char* pattern) {
  char name[260];
  char* c;
  snprintf(name, sizeof name, "%s", strcmp(pattern, "*") == 0 ? "x/x" : pattern);
  for (c = name; *c; ++c)
    if (*c == '*') *c = 'x';
  return id_of(name);
}

/* Numbers that swing between 0 and 100, a minute apart, for every pattern. */
static myriad_batch make_input(myriad_reading* r) {
  myriad_batch b = {sizeof b, sizeof *r, NULL, NULL, 0, 0, 1000};
  uint32_t p;
  int n;
  for (n = 0; n < 8; ++n)
    for (p = 0; p < pattern_count; ++p) {
      memset(&r[b.count], 0, sizeof *r);
      r[b.count].time_ns = now_ns(&host) + (int64_t)n * 60 * 1000000000;
      r[b.count].point = point_for(patterns[p]);
      r[b.count].type = MYRIAD_I64;
      r[b.count++].value.i64 = n % 2 * 100;
    }
  b.readings = r;
  return b;
}

static char saved[MAX_STATE];
static size_t saved_size;

static void keep(void* user, const void* data, size_t size) {
  (void)user;
  expect(size <= sizeof saved - saved_size, "its state is too large");
  memcpy(saved + saved_size, data, size);
  saved_size += size;
}

static void use_inputs(const myriad_plugin_api* api, myriad_instance* i, const char* config,
                       const myriad_batch* input) {
  const myriad_ext_sink* s = api->get_extension(i, MYRIAD_EXT_SINK);
  const myriad_ext_processor* p = api->get_extension(i, MYRIAD_EXT_PROCESSOR);
  myriad_instance* second;
  if (s && MYRIAD_HAS(s, myriad_ext_sink, deliver)) call("deliver", s->deliver(i, input, &error), 0);
  if (!p || !MYRIAD_HAS(p, myriad_ext_processor, process)) return;
  call("process", p->process(i, input, &error), 0);
  call("save", p->save(i, keep, NULL), 0);
  second = create(api, config);
  if (saved_size) call("load", p->load(second, saved, saved_size, &error), 0);
  call("start", api->start(second, &error), 0);
  call("process", p->process(second, input, &error), 0);
  api->stop(second);
  api->destroy(second);
}

static void live(const myriad_plugin_api* api, const char* config) {
  static myriad_reading r[8 * MAX_PATTERNS];
  myriad_instance* i = create(api, config);
  const myriad_ext_device* d = api->get_extension(i, MYRIAD_EXT_DEVICE);
  myriad_batch input;
  unsigned n;
  call("start", api->start(i, &error), 0);
  if (d) use_device(i, d);
  input = make_input(r);
  use_inputs(api, i, config, &input);
  api->cancel(i);
  api->stop(i);
  for (n = 0; n < answer_count; ++n) pthread_join(answers[n], NULL);
  api->destroy(i);
}

static char* file_text(const char* name) {
  static char buffer[1 << 16];
  FILE* f = fopen(name, "rb");
  if (!f) fail("%s cannot be read", name);
  buffer[fread(buffer, 1, sizeof buffer - 1, f)] = '\0';
  fclose(f);
  return buffer;
}

int main(int argc, char** argv) {
  int n;
  if (argc < 3) fail("usage: host LIBRARY CONFIG [POINT...]");
  error.struct_size = sizeof error;
  live(load(argv[1]), file_text(argv[2]));
  printf("%u readings of %u points, %u Things, %u events, %u metrics, %u log lines\n", readings, (unsigned)points,
         things, events, metrics, log_lines);
  for (n = 3; n < argc; ++n)
    if (!point_readings[id_of(argv[n])]) fail("nothing was published for %s", argv[n]);
  return 0;
}
