/* The probe: a plugin that uses all that plugin.h declares, in plain C. tests/abi builds it with every released header
 * and runs it in today's host, and builds it with today's header and runs it in the oldest supported host.
 *
 * It judges the host itself: each function answers INTERNAL and says what went wrong when the host did not do as the
 * header promises. What it shows: the Thing "probe" with the properties number (I64), all (one reading of each type)
 * and sum (the processor's output), the event "began", the metrics "polls" and "ticks", the state "starts". Since 1.1
 * the host has to keep the secret "word" for it, which is "sesame".
 *
 * Parts that a release added stand in an #ifdef of the name that came with it. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "plugin.h"

struct myriad_instance {
  const myriad_host* host;
  const myriad_host_things* things;
  const myriad_host_events* events;
  const myriad_host_inputs* inputs;
  const myriad_host_kv* kv;
  const myriad_host_metrics* metrics;
#ifdef MYRIAD_HOST_TIMER /* 1.1; NULL in a host of 1.0 */
  const myriad_host_timer* timer;
  const myriad_host_secrets* secrets;
  const myriad_host_history* history;
#endif
  uint32_t number, all, sum;
  int64_t total, polls;
#ifdef MYRIAD_HOST_TIMER
  int64_t ticks;
  uint64_t ticking;
#endif
  pthread_mutex_t mutex; /* guards all below */
  pthread_cond_t changed;
  int answers, durable; /* publish_durable's: how many, and how many were OK */
  int cancelled;
};

static const char thing[] = "probe";

static myriad_text text(const char* s) {
  myriad_text t;
  t.data = s;
  t.size = strlen(s);
  return t;
}

static myriad_status failed(myriad_error* error, myriad_status status, const char* what) {
  if (error && error->struct_size >= sizeof *error) {
    error->os_code = 0;
    snprintf(error->message, sizeof error->message, "%s", what);
  }
  return status;
}

#define NEED(condition, what) \
  if (!(condition)) return failed(error, MYRIAD_E_INTERNAL, what)

static myriad_batch batch_of(const myriad_reading* readings, uint32_t count, const char* blob) {
  myriad_batch batch;
  memset(&batch, 0, sizeof batch);
  batch.struct_size = sizeof batch;
  batch.stride = sizeof *readings;
  batch.readings = readings;
  batch.count = count;
  batch.blob = (const uint8_t*)blob;
  batch.blob_size = blob ? (uint32_t)strlen(blob) : 0;
  return batch;
}

static myriad_reading reading_of(const myriad_instance* i, uint32_t point, uint16_t type) {
  myriad_reading r;
  memset(&r, 0, sizeof r);
  r.time_ns = i->host->now_ns(i->host);
  r.point = point;
  r.type = type;
  r.quality = MYRIAD_GOOD;
  return r;
}

static myriad_status publish_number(myriad_instance* i, uint32_t point, int64_t value) {
  myriad_reading r = reading_of(i, point, MYRIAD_I64);
  myriad_batch batch;
  r.value.i64 = value;
  batch = batch_of(&r, 1, NULL);
  return i->host->publish(i->host, &batch);
}

/* ---- Create, start, stop ------------------------------------------------------------------- */

static const char* find_tables(myriad_instance* i) {
  const myriad_host* h = i->host;
  i->things = h->get_extension(h, MYRIAD_HOST_THINGS);
  i->events = h->get_extension(h, MYRIAD_HOST_EVENTS);
  i->inputs = h->get_extension(h, MYRIAD_HOST_INPUTS);
  i->kv = h->get_extension(h, MYRIAD_HOST_KV);
  i->metrics = h->get_extension(h, MYRIAD_HOST_METRICS);
  if (h->get_extension(h, "myriad.unheard_of/1")) return "the host serves an extension that does not exist";
  if (!i->things || !MYRIAD_HAS(i->things, myriad_host_things, put)) return "things/1 lacks put()";
  if (!i->events || !MYRIAD_HAS(i->events, myriad_host_events, emit)) return "events/1 lacks emit()";
  if (!i->inputs || !MYRIAD_HAS(i->inputs, myriad_host_inputs, select)) return "inputs/1 lacks select()";
  if (!MYRIAD_HAS(i->inputs, myriad_host_inputs, name)) return "inputs/1 lacks name()";
  if (!MYRIAD_HAS(i->inputs, myriad_host_inputs, unit)) return "inputs/1 lacks unit()";
  if (!i->kv || !MYRIAD_HAS(i->kv, myriad_host_kv, put)) return "kv/1 lacks put()";
  if (!MYRIAD_HAS(i->kv, myriad_host_kv, get)) return "kv/1 lacks get()";
  if (!i->metrics || !MYRIAD_HAS(i->metrics, myriad_host_metrics, set)) return "metrics/1 lacks set()";
  if (!MYRIAD_HAS(i->metrics, myriad_host_metrics, connection)) return "metrics/1 lacks connection()";
#ifdef MYRIAD_HOST_TIMER
  i->timer = h->get_extension(h, MYRIAD_HOST_TIMER);
  i->secrets = h->get_extension(h, MYRIAD_HOST_SECRETS);
  i->history = h->get_extension(h, MYRIAD_HOST_HISTORY);
  if (h->abi >= 0x10001u) {
    if (!i->timer || !MYRIAD_HAS(i->timer, myriad_host_timer, set)) return "timer/1 lacks set()";
    if (!MYRIAD_HAS(i->timer, myriad_host_timer, cancel)) return "timer/1 lacks cancel()";
    if (!i->secrets || !MYRIAD_HAS(i->secrets, myriad_host_secrets, get)) return "secrets/1 lacks get()";
    if (!i->history || !MYRIAD_HAS(i->history, myriad_host_history, query)) return "history/1 lacks query()";
  }
#endif
  return NULL;
}

static const char* look_at(const myriad_host* h) {
  if (h->abi >> 16 != MYRIAD_ABI_MAJOR) return "the host has another major version";
  if (!MYRIAD_HAS(h, myriad_host, get_extension)) return "the host lacks get_extension()";
  if (!MYRIAD_HAS(h, myriad_host, log)) return "the host lacks log()";
  if (!MYRIAD_HAS(h, myriad_host, now_ns)) return "the host lacks now_ns()";
  if (!MYRIAD_HAS(h, myriad_host, intern_point)) return "the host lacks intern_point()";
  if (!MYRIAD_HAS(h, myriad_host, publish)) return "the host lacks publish()";
  if (!MYRIAD_HAS(h, myriad_host, publish_durable)) return "the host lacks publish_durable()";
  return NULL;
}

/* Chooses its inputs and makes its points. */
static const char* prepare(myriad_instance* i) {
  const myriad_host* h = i->host;
  const myriad_text pattern = text("probe/number");
  myriad_error why;
  uint32_t refused = 0;
  memset(&why, 0, sizeof why);
  why.struct_size = sizeof why;
  if (i->inputs->select(h, &pattern, 1, &why) != MYRIAD_OK) return "select() failed";
  if (h->intern_point(h, text(thing), text("number"), &i->number) != MYRIAD_OK) return "intern_point() failed";
  if (h->intern_point(h, text(thing), text("all"), &i->all) != MYRIAD_OK) return "intern_point() failed";
  if (h->intern_point(h, text(thing), text("sum"), &i->sum) != MYRIAD_OK) return "intern_point() failed";
  if (i->number == i->all || i->all == i->sum || !i->number) return "intern_point() gave the same id twice, or 0";
  if (h->intern_point(h, text("no slug!"), text("x"), &refused) != MYRIAD_E_INVALID)
    return "intern_point() took a name that is no slug";
  return NULL;
}

static myriad_status create(const myriad_host* host, const char* config_json, myriad_instance** out,
                            myriad_error* error) {
  static myriad_instance instances[8]; /* enough for the tests; no allocation to get wrong */
  static uint32_t next;
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  myriad_instance* i;
  const char* problem = look_at(host);
  if (problem) return failed(error, MYRIAD_E_INTERNAL, problem);
  if (config_json[0] != '{') return failed(error, MYRIAD_E_INVALID, "the configuration is no JSON object: write {}");
  pthread_mutex_lock(&mutex);
  i = &instances[next++ % 8];
  pthread_mutex_unlock(&mutex);
  memset(i, 0, sizeof *i);
  i->host = host;
  pthread_mutex_init(&i->mutex, NULL);
  pthread_cond_init(&i->changed, NULL);
  problem = find_tables(i);
  if (!problem) problem = prepare(i);
  if (problem) return failed(error, MYRIAD_E_INTERNAL, problem);
  *out = i;
  return MYRIAD_OK;
}

static void destroy(myriad_instance* i) {
  pthread_cond_destroy(&i->changed);
  pthread_mutex_destroy(&i->mutex);
}

static void copy_digit(void* user, const void* data, size_t size) {
  if (size == 1) *(char*)user = *(const char*)data;
}

#ifdef MYRIAD_HOST_TIMER
static void copy_word(void* user, const void* data, size_t size) {
  if (size < 16) memcpy(user, data, size);
}

static void count_readings(void* user, const myriad_batch* batch) {
  *(int64_t*)user = batch->count;
}

/* The metric "ticks" counts how often it came; the timer ends itself at the third. */
static myriad_status tick(void* user, uint64_t timer, myriad_error* error) {
  myriad_instance* i = user;
  NEED(i->metrics->set(i->host, text("ticks"), (double)++i->ticks) == MYRIAD_OK, "set() of metrics/1 failed");
  NEED(timer == i->ticking, "the tick is of another timer");
  NEED(i->ticks < 3 || i->timer->cancel(i->host, timer) == MYRIAD_OK, "cancel() of timer/1 failed");
  return MYRIAD_OK;
}

static myriad_status never(void* user, uint64_t timer, myriad_error* error) {
  (void)user, (void)timer;
  return failed(error, MYRIAD_E_INTERNAL, "a timer ticked that was cancelled");
}

/* What 1.1 added to the host: a timer, the secret "word", the history of "number". */
static myriad_status use_1_1(myriad_instance* i, myriad_error* error) {
  const myriad_host* h = i->host;
  const int64_t ms = 1000000;
  myriad_history_query q;
  uint64_t cancelled;
  int64_t count = -1;
  char word[16] = "";
  myriad_error why;
  memset(&why, 0, sizeof why);
  why.struct_size = sizeof why;
  NEED(i->timer->set(h, 0, 10 * ms, tick, i, &i->ticking) == MYRIAD_OK, "set() of timer/1 failed");
  NEED(i->timer->set(h, 0, ms, tick, i, &cancelled) == MYRIAD_E_INVALID, "timer/1 took a period of 1 ms");
  NEED(i->timer->set(h, 5 * ms, 0, never, i, &cancelled) == MYRIAD_OK, "set() of timer/1 failed");
  NEED(i->timer->cancel(h, cancelled) == MYRIAD_OK, "cancel() of timer/1 failed");
  NEED(i->timer->cancel(h, cancelled) == MYRIAD_E_INVALID, "timer/1 cancelled a timer twice");
  NEED(i->secrets->get(h, text("word"), copy_word, word, &why) == MYRIAD_OK, why.message);
  NEED(strcmp(word, "sesame") == 0, "secrets/1 gave another secret");
  NEED(i->secrets->get(h, text("unheard_of"), copy_word, word, &why) == MYRIAD_E_UNAVAILABLE,
       "secrets/1 gave a secret that is not there");
  NEED(why.message[0], "secrets/1 refused without saying why");
  memset(&q, 0, sizeof q);
  q.struct_size = sizeof q;
  q.point = i->number;
  q.to_ns = INT64_MAX;
  q.limit = 10;
  NEED(i->history->query(h, &q, count_readings, &count, &why) == MYRIAD_OK, why.message);
  NEED(count >= 0, "history/1 did not call found()");
  q.step_ns = 60000 * ms;
  q.aggregate = MYRIAD_AGGREGATE_COUNT;
  NEED(i->history->query(h, &q, count_readings, &count, &why) == MYRIAD_OK, why.message);
  q.limit = 0;
  NEED(i->history->query(h, &q, count_readings, &count, &why) == MYRIAD_E_INVALID, "history/1 took a limit of 0");
  return MYRIAD_OK;
}
#endif

static const char td[] =
    "{\"title\":\"Probe\",\"properties\":{"
    "\"number\":{\"type\":\"integer\",\"unit\":\"lx\",\"readOnly\":false},"
    "\"sum\":{\"type\":\"integer\",\"unit\":\"lx\",\"readOnly\":true}},"
    "\"events\":{\"began\":{\"data\":{\"type\":\"integer\"}}}}";

static myriad_status start(myriad_instance* i, myriad_error* error) {
  const myriad_host* h = i->host;
  char starts = '0', unheard_of = 0;
  myriad_error why;
  memset(&why, 0, sizeof why);
  why.struct_size = sizeof why;
  NEED(i->things->put(h, text(thing), text(td), &why) == MYRIAD_OK, why.message);
  NEED(i->things->put(h, text(thing), text("no JSON"), &why) == MYRIAD_E_INVALID, "things/1 took what is no JSON");
  NEED(why.message[0], "things/1 refused without saying why");
  NEED(i->events->emit(h, text(thing), text("began"), text("1"), h->now_ns(h)) == MYRIAD_OK, "emit() failed");
  NEED(i->kv->get(h, text("unheard_of"), copy_digit, &unheard_of) == MYRIAD_E_UNAVAILABLE,
       "get() found what is not there");
  (void)i->kv->get(h, text("starts"), copy_digit, &starts);
  ++starts;
  NEED(i->kv->put(h, text("starts"), &starts, 1) == MYRIAD_OK, "put() of kv/1 failed");
  starts = '0';
  NEED(i->kv->get(h, text("starts"), copy_digit, &starts) == MYRIAD_OK && starts > '0', "get() lost what was put");
  NEED(i->metrics->connection(h, 1, text("")) == MYRIAD_OK, "connection() failed");
#ifdef MYRIAD_HOST_TIMER
  if (i->timer && use_1_1(i, error) != MYRIAD_OK) return MYRIAD_E_INTERNAL;
#endif
  h->log(h, MYRIAD_LOG_INFO, "probe: started", 14);
  return MYRIAD_OK;
}

static void stop(myriad_instance* i) {
  i->host->log(i->host, MYRIAD_LOG_INFO, "probe: stopped", 14);
}

static void cancel(myriad_instance* i) {
  pthread_mutex_lock(&i->mutex);
  i->cancelled = 1;
  pthread_cond_broadcast(&i->changed);
  pthread_mutex_unlock(&i->mutex);
}

/* ---- device/1 ------------------------------------------------------------------------------ */

static myriad_status discover(myriad_instance* i, int64_t deadline_ns, myriad_error* error) {
  myriad_error why;
  memset(&why, 0, sizeof why);
  why.struct_size = sizeof why;
  NEED(deadline_ns >= 0, "discover() got no deadline");
  NEED(i->things->put(i->host, text("probe_found"), text("{\"title\":\"Found\"}"), &why) == MYRIAD_OK, why.message);
  return MYRIAD_OK;
}

static void on_disk(void* user, myriad_status status) {
  myriad_instance* i = user;
  pthread_mutex_lock(&i->mutex);
  ++i->answers;
  i->durable += status == MYRIAD_OK;
  pthread_cond_broadcast(&i->changed);
  pthread_mutex_unlock(&i->mutex);
}

/* A reading of every type, and a wrong one. */
static const char* publish_all(myriad_instance* i) {
  static const char blob[] =
      "text"
      "\x01\x02"
      "{}";
  myriad_reading r[7];
  myriad_batch batch;
  int type;
  for (type = MYRIAD_BOOL; type <= MYRIAD_JSON; ++type) {
    r[type - 1] = reading_of(i, i->all, (uint16_t)type);
    r[type - 1].time_ns += type;
  }
  r[0].value.i64 = 1;
  r[1].value.i64 = -2;
  r[2].value.u64 = 3;
  r[3].value.f64 = 4.5;
  r[4].value.blob.offset = 0, r[4].value.blob.size = 4;
  r[5].value.blob.offset = 4, r[5].value.blob.size = 2;
  r[6].value.blob.offset = 6, r[6].value.blob.size = 2;
  r[1].quality = MYRIAD_UNCERTAIN, r[2].quality = MYRIAD_BAD, r[3].quality = MYRIAD_STALE;
  batch = batch_of(r, 7, blob);
  if (i->host->publish(i->host, &batch) != MYRIAD_OK) return "publish() did not take one reading of every type";
  r[6].value.blob.size = 3;
  if (i->host->publish(i->host, &batch) != MYRIAD_E_INVALID) return "publish() took text beyond the blob";
  return NULL;
}

static const char* publish_durably(myriad_instance* i) {
  myriad_reading r = reading_of(i, i->number, MYRIAD_I64);
  myriad_batch batch;
  int fine;
  r.value.i64 = ++i->polls;
  batch = batch_of(&r, 1, NULL);
  if (i->host->publish_durable(i->host, &batch, on_disk, i) != MYRIAD_OK) return "publish_durable() failed";
  pthread_mutex_lock(&i->mutex);
  while (i->answers < i->polls && !i->cancelled) pthread_cond_wait(&i->changed, &i->mutex);
  fine = i->durable == i->answers;
  pthread_mutex_unlock(&i->mutex);
  return fine ? NULL : "publish_durable() did not reach the disk";
}

static myriad_status poll(myriad_instance* i, int64_t deadline_ns, myriad_error* error) {
  const char* problem;
  NEED(deadline_ns >= 0, "poll() got no deadline");
  problem = publish_all(i);
  if (!problem) problem = publish_durably(i);
  if (problem) return failed(error, MYRIAD_E_INTERNAL, problem);
  NEED(i->metrics->set(i->host, text("polls"), (double)i->polls) == MYRIAD_OK, "set() of metrics/1 failed");
  return MYRIAD_OK;
}

static myriad_status read_points(myriad_instance* i, const uint32_t* points, uint32_t count, int64_t deadline_ns,
                                 myriad_error* error) {
  uint32_t n;
  NEED(deadline_ns >= 0, "read() got no deadline");
  for (n = 0; n < count; ++n) NEED(publish_number(i, points[n], -1) == MYRIAD_OK, "publish() failed in read()");
  return MYRIAD_OK;
}

static const myriad_reading* reading_at(const myriad_batch* batch, uint32_t n) {
  return (const myriad_reading*)(const void*)((const char*)batch->readings + (size_t)n * batch->stride);
}

/* Takes numbers of "number" that are not negative. */
static myriad_status write_points(myriad_instance* i, const myriad_batch* batch, myriad_status* each,
                                  myriad_error* error) {
  uint32_t n;
  NEED(batch->stride >= sizeof(myriad_reading), "write() got a stride that is too small");
  for (n = 0; n < batch->count; ++n) {
    const myriad_reading* r = reading_at(batch, n);
    const int fits = r->point == i->number && r->type == MYRIAD_I64 && r->value.i64 >= 0;
    each[n] = fits ? publish_number(i, i->number, r->value.i64) : MYRIAD_E_INVALID;
  }
  return MYRIAD_OK;
}

/* The action "echo" answers with its input. */
static myriad_status invoke(myriad_instance* i, myriad_text on, myriad_text action, myriad_text input_json,
                            void (*reply)(void* user, myriad_status, myriad_text output_json), void* user,
                            myriad_error* error) {
  (void)i;
  if (on.size != 5 || memcmp(on.data, thing, 5) != 0 || action.size != 4 || memcmp(action.data, "echo", 4) != 0)
    return failed(error, MYRIAD_E_UNSUPPORTED, "the only action is probe's echo");
  reply(user, MYRIAD_OK, input_json);
  return MYRIAD_OK;
}

/* ---- sink/1, processor/1 ------------------------------------------------------------------- */

static myriad_status names_match(myriad_instance* i, const myriad_reading* r, myriad_error* error) {
  myriad_text on, property;
  char unit[8] = "?";
  NEED(i->inputs->name(i->host, r->point, &on, &property) == MYRIAD_OK, "name() failed for a delivered point");
  NEED(on.size == 5 && memcmp(on.data, thing, 5) == 0, "name() gave another Thing");
  NEED(property.size == 6 && memcmp(property.data, "number", 6) == 0, "a point was delivered that was not selected");
  NEED(i->inputs->unit(i->host, r->point, unit, sizeof unit) == MYRIAD_OK, "unit() failed for a delivered point");
  NEED(strcmp(unit, "lx") == 0, "unit() gave another unit than the Thing's description");
  return MYRIAD_OK;
}

static myriad_status deliver(myriad_instance* i, const myriad_batch* batch, myriad_error* error) {
  char line[64];
  uint32_t n;
  int size;
  NEED(batch->sequence > 0, "deliver() got no sequence");
  for (n = 0; n < batch->count; ++n) {
    const myriad_status status = names_match(i, reading_at(batch, n), error);
    if (status != MYRIAD_OK) return status;
  }
  size = snprintf(line, sizeof line, "probe: delivered %u", (unsigned)batch->count);
  i->host->log(i->host, MYRIAD_LOG_INFO, line, (size_t)size);
  return MYRIAD_OK;
}

static myriad_status process(myriad_instance* i, const myriad_batch* in, myriad_error* error) {
  uint32_t n;
  for (n = 0; n < in->count; ++n) {
    const myriad_reading* r = reading_at(in, n);
    const myriad_status status = names_match(i, r, error);
    if (status != MYRIAD_OK) return status;
    i->total += r->value.i64;
  }
  NEED(publish_number(i, i->sum, i->total) == MYRIAD_OK, "publish() failed in process()");
  return MYRIAD_OK;
}

static myriad_status save(myriad_instance* i, void (*write)(void* user, const void*, size_t), void* user) {
  write(user, &i->total, sizeof i->total);
  return MYRIAD_OK;
}

static myriad_status load(myriad_instance* i, const void* state, size_t size, myriad_error* error) {
  NEED(size == sizeof i->total, "load() got another state than was saved");
  memcpy(&i->total, state, size);
  return MYRIAD_OK;
}

/* ---- http/1 -------------------------------------------------------------------------------- */

#ifdef MYRIAD_EXT_HTTP
/* Answers with the path, after it has looked at what the request holds. */
static myriad_status serve(myriad_instance* i, const myriad_http_request* request,
                           void (*respond)(void* user, const myriad_http_response*), void* user, myriad_error* error) {
  myriad_http_response response;
  (void)i;
  NEED(MYRIAD_HAS(request, myriad_http_request, user.size), "serve() was not told who asks");
  NEED(request->method.size > 0 && request->path.size > 0, "serve() got neither method nor path");
  NEED(request->path.data[0] == '/', "serve() got a path that does not begin with /");
  if (request->query.size > 0 || request->body.size > 0 || request->content_type.size > 0)
    return failed(error, MYRIAD_E_INVALID, "only plain requests are served: leave out query and body");
  memset(&response, 0, sizeof response);
  response.struct_size = sizeof response;
  response.status = 200;
  response.content_type = text("text/plain");
  response.body = request->path;
  respond(user, &response);
  return MYRIAD_OK;
}
#endif

/* ---- The tables ---------------------------------------------------------------------------- */

static const void* get_extension(myriad_instance* i, const char* id) {
  static const myriad_ext_device device = {sizeof device, 0, discover, poll, read_points, write_points, invoke};
  static const myriad_ext_sink sink = {sizeof sink, 0, deliver};
  static const myriad_ext_processor processor = {sizeof processor, 0, process, save, load};
  (void)i;
#ifdef MYRIAD_EXT_HTTP
  static const myriad_ext_http http = {sizeof http, 0, serve};
  if (strcmp(id, MYRIAD_EXT_HTTP) == 0) return &http;
#endif
  if (strcmp(id, MYRIAD_EXT_DEVICE) == 0) return &device;
  if (strcmp(id, MYRIAD_EXT_SINK) == 0) return &sink;
  if (strcmp(id, MYRIAD_EXT_PROCESSOR) == 0) return &processor;
  return NULL;
}

MYRIAD_EXPORT const myriad_plugin_api* myriad_plugin_entry_v1(uint32_t host_abi) {
  static const myriad_plugin_api api = {
      sizeof api, MYRIAD_ABI, MYRIAD_ABI_MAJOR << 16, MYRIAD_LAYOUT, "probe", "1.0.0", create, destroy, start,
      stop,       cancel,     get_extension};
  return host_abi >> 16 == MYRIAD_ABI_MAJOR ? &api : NULL;
}
