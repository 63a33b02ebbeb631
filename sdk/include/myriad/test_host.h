/* A host for tests of a C plugin without the daemon: records what the plugin publishes, describes and logs.
 *
 *   #include <myriad/test_host.h>
 *   static void publishes_volts(void) {
 *     myriad_test_host* host = myriad_test_open();
 *     myriad_test_plugin* plugin = myriad_test_create(host, myriad_plugin_entry_v1(MYRIAD_ABI),
 * "{\"thing\":\"meter\"}"); MYRIAD_TEST_OK(plugin, myriad_test_start(plugin)); MYRIAD_TEST_OK(plugin,
 * myriad_test_poll(plugin)); MYRIAD_TEST_CHECK(myriad_test_last(host, "meter/voltage").reading.value.f64 == 230.0);
 *     myriad_test_destroy(plugin);
 *     myriad_test_close(host);
 *   }
 *   int main(void) {
 *     MYRIAD_TEST_RUN(publishes_volts);
 *     return myriad_test_result();
 *   }
 *
 * C99, libc and pthread; include it first, and link the plugin's sources into the test. Configurations are given whole:
 * the daemon fills in the schema's defaults, this host does not. The host's functions are thread-safe, as the real
 * one's; the calls into the plugin are made by one thread at a time.
 * What the functions below return lives until myriad_test_close(), or myriad_test_destroy() where a plugin gives it. */
#ifndef MYRIAD_TEST_HOST_H
#define MYRIAD_TEST_HOST_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "myriad/plugin.h"

#define MYRIAD_TEST_FN static inline

/* ---- Checks -------------------------------------------------------------------------------- */

static int myriad_test_failures;
#define MYRIAD_TEST_RUN(test)                                                        \
  do {                                                                               \
    const int before_ = myriad_test_failures;                                        \
    (test)();                                                                        \
    printf("%s %s\n", before_ == myriad_test_failures ? "ok    " : "FAILED", #test); \
  } while (0)
#define MYRIAD_TEST_CHECK(condition)                                         \
  do {                                                                       \
    if (!(condition)) {                                                      \
      ++myriad_test_failures;                                                \
      printf("%s:%d: this is not so: %s\n", __FILE__, __LINE__, #condition); \
    }                                                                        \
  } while (0)
/* `call` is one of the myriad_test_ calls into `plugin`: its status is `wanted`. */
#define MYRIAD_TEST_STATUS(plugin, call, wanted)                                                \
  do {                                                                                          \
    const myriad_status status_ = (call);                                                       \
    if (status_ != (wanted)) {                                                                  \
      ++myriad_test_failures;                                                                   \
      printf("%s:%d: %s is %d, not %s: %s\n", __FILE__, __LINE__, #call, (int)status_, #wanted, \
             myriad_test_message(plugin));                                                      \
    }                                                                                           \
  } while (0)
#define MYRIAD_TEST_OK(plugin, call) MYRIAD_TEST_STATUS(plugin, call, MYRIAD_OK)
/* Two NUL-terminated texts are equal; NULL equals nothing. */
#define MYRIAD_TEST_TEXT(actual, wanted)                                                                            \
  do {                                                                                                              \
    const char* actual_ = (actual);                                                                                 \
    if (!actual_ || strcmp(actual_, (wanted)) != 0) {                                                               \
      ++myriad_test_failures;                                                                                       \
      printf("%s:%d: %s is '%s', not '%s'\n", __FILE__, __LINE__, #actual, actual_ ? actual_ : "(NULL)", (wanted)); \
    }                                                                                                               \
  } while (0)

/* What main() returns: 0 when every check held. */
MYRIAD_TEST_FN int myriad_test_result(void) {
  printf(myriad_test_failures ? "%d checks failed\n" : "all checks held\n", myriad_test_failures);
  return myriad_test_failures ? 1 : 0;
}

/* ---- What is recorded ---------------------------------------------------------------------- */

typedef struct myriad_test_seen { /* a published reading */
  int found;                      /* 0: there is none */
  myriad_reading reading;
  const char* point; /* "<thing>/<property>" */
  const char* text;  /* of TEXT, BYTES and JSON: NUL-terminated copy; else NULL */
} myriad_test_seen;

/* Something with a name: a Thing and its description, an event "<thing>/<event>" and its data, a key and its value. */
typedef struct myriad_test_entry {
  char* name;
  char* text; /* NUL-terminated copy */
  size_t size;
  double number; /* a metric's value, an event's time, a log line's level */
} myriad_test_entry;

typedef struct myriad_test_list {
  myriad_test_entry* items;
  size_t count;
} myriad_test_list;

typedef struct myriad_test_timer {
  uint64_t id; /* 0: it is over */
  int64_t due_ns, period_ns;
  myriad_status (*fire)(void*, uint64_t, myriad_error*);
  void* user;
} myriad_test_timer;

typedef struct myriad_test_host {
  myriad_host table;
  pthread_mutex_t mutex; /* guards all below */
  pthread_cond_t changed;
  myriad_test_list points, things, events, kv, metrics, logs, units, patterns, secrets; /* points: by id - 1 */
  myriad_test_seen* seen;
  size_t seen_count;
  myriad_reading* remembered;
  size_t remembered_count;
  myriad_status publish_answer, durable_answer;
  unsigned publish_times; /* for how many more calls publish_answer holds */
  int connected;
  char reason[256];
  int64_t now_ns; /* 0: the system clock */
  pthread_t* answers;
  size_t answer_count;
  myriad_test_timer timers[64];
  uint64_t last_timer;
} myriad_test_host;

MYRIAD_TEST_FN void* myriad_test_grow(void* old, size_t count, size_t size) {
  void* out = realloc(old, (count + 1) * size);
  if (!out) abort();
  return out;
}

/* A copy with a NUL behind it. */
MYRIAD_TEST_FN char* myriad_test_copy(const void* data, size_t size) {
  char* out = (char*)myriad_test_grow(NULL, size, 1);
  if (size) memcpy(out, data, size);
  out[size] = '\0';
  return out;
}

MYRIAD_TEST_FN void myriad_test_add(myriad_test_list* list, char* name, const void* data, size_t size, double number) {
  myriad_test_entry* e;
  list->items = (myriad_test_entry*)myriad_test_grow(list->items, list->count, sizeof *list->items);
  e = &list->items[list->count++];
  e->name = name;
  e->text = myriad_test_copy(data, size);
  e->size = size;
  e->number = number;
}

/* The newest entry of that name, or NULL. */
MYRIAD_TEST_FN const myriad_test_entry* myriad_test_find(const myriad_test_list* list, const char* name) {
  size_t n;
  for (n = list->count; n > 0; --n)
    if (strcmp(list->items[n - 1].name, name) == 0) return &list->items[n - 1];
  return NULL;
}

MYRIAD_TEST_FN void myriad_test_free(myriad_test_list* list) {
  size_t n;
  for (n = 0; n < list->count; ++n) {
    free(list->items[n].name);
    free(list->items[n].text);
  }
  free(list->items);
}

MYRIAD_TEST_FN myriad_text myriad_test_text(const char* s) {
  myriad_text out;
  out.data = s;
  out.size = strlen(s);
  return out;
}

MYRIAD_TEST_FN char* myriad_test_join(myriad_text thing, myriad_text name) {
  char* out = (char*)myriad_test_grow(NULL, thing.size + 1 + name.size, 1);
  memcpy(out, thing.data, thing.size);
  out[thing.size] = '/';
  memcpy(out + thing.size + 1, name.data, name.size);
  out[thing.size + 1 + name.size] = '\0';
  return out;
}

/* ---- The host's functions ------------------------------------------------------------------ */

MYRIAD_TEST_FN myriad_test_host* myriad_test_self(const myriad_host* h) {
  return (myriad_test_host*)h->ctx;
}

MYRIAD_TEST_FN int myriad_test_is_slug(myriad_text t) {
  size_t n;
  if (t.size == 0 || t.size > 128 || strchr(".~-", t.data[0])) return 0;
  for (n = 0; n < t.size; ++n) {
    const char c = t.data[n];
    const int plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && (c == '\0' || !strchr("_.~-", c))) return 0;
  }
  return 1;
}

MYRIAD_TEST_FN int64_t myriad_test_now_ns(const myriad_host* h) {
  myriad_test_host* host = myriad_test_self(h);
  struct timespec now;
  int64_t set;
  pthread_mutex_lock(&host->mutex);
  set = host->now_ns;
  pthread_mutex_unlock(&host->mutex);
  if (set) return set;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

MYRIAD_TEST_FN void myriad_test_log(const myriad_host* h, int32_t level, const char* text, size_t size) {
  myriad_test_host* host = myriad_test_self(h);
  pthread_mutex_lock(&host->mutex);
  myriad_test_add(&host->logs, myriad_test_copy("", 0), text, size, level);
  pthread_mutex_unlock(&host->mutex);
}

/* Takes over `name`. */
MYRIAD_TEST_FN uint32_t myriad_test_id(myriad_test_host* host, char* name) {
  size_t n;
  for (n = 0; n < host->points.count; ++n)
    if (strcmp(host->points.items[n].name, name) == 0) {
      free(name);
      return (uint32_t)n + 1;
    }
  myriad_test_add(&host->points, name, "", 0, 0);
  return (uint32_t)host->points.count;
}

MYRIAD_TEST_FN myriad_status myriad_test_intern(const myriad_host* h, myriad_text thing, myriad_text property,
                                                uint32_t* id) {
  myriad_test_host* host = myriad_test_self(h);
  if (!myriad_test_is_slug(thing) || !myriad_test_is_slug(property)) return MYRIAD_E_INVALID;
  pthread_mutex_lock(&host->mutex);
  *id = myriad_test_id(host, myriad_test_join(thing, property));
  pthread_mutex_unlock(&host->mutex);
  return MYRIAD_OK;
}

MYRIAD_TEST_FN const myriad_reading* myriad_test_at(const myriad_batch* b, uint32_t n) {
  return (const myriad_reading*)(const void*)((const char*)b->readings + (size_t)n * b->stride);
}

/* The rules of plugin.h. */
MYRIAD_TEST_FN int myriad_test_is_right(const myriad_test_host* host, const myriad_batch* b, const myriad_reading* r) {
  if (r->time_ns < 0 || r->point == 0 || r->point > host->points.count || r->quality > MYRIAD_STALE) return 0;
  if (r->type < MYRIAD_BOOL || r->type > MYRIAD_JSON) return 0;
  if (r->type == MYRIAD_BOOL) return r->value.i64 == 0 || r->value.i64 == 1;
  if (r->type == MYRIAD_F64) return r->value.f64 - r->value.f64 == 0; /* neither NaN nor infinite */
  if (r->type < MYRIAD_TEXT) return 1;
  return r->value.blob.offset <= b->blob_size && r->value.blob.size <= b->blob_size - r->value.blob.offset;
}

MYRIAD_TEST_FN void myriad_test_take(myriad_test_host* host, const myriad_batch* b, const myriad_reading* r) {
  myriad_test_seen* s;
  host->seen = (myriad_test_seen*)myriad_test_grow(host->seen, host->seen_count, sizeof *host->seen);
  s = &host->seen[host->seen_count++];
  s->found = 1;
  s->reading = *r;
  s->point = host->points.items[r->point - 1].name;
  s->text = r->type < MYRIAD_TEXT ? NULL : myriad_test_copy(b->blob + r->value.blob.offset, r->value.blob.size);
}

MYRIAD_TEST_FN myriad_status myriad_test_publish(const myriad_host* h, const myriad_batch* b) {
  myriad_test_host* host = myriad_test_self(h);
  myriad_status status = MYRIAD_OK;
  uint32_t n;
  if (b->struct_size < offsetof(myriad_batch, sequence) || b->stride < sizeof(myriad_reading)) return MYRIAD_E_INVALID;
  pthread_mutex_lock(&host->mutex);
  if (host->publish_times > 0) {
    --host->publish_times;
    status = host->publish_answer;
  }
  for (n = 0; n < b->count && status == MYRIAD_OK; ++n)
    if (!myriad_test_is_right(host, b, myriad_test_at(b, n))) status = MYRIAD_E_INVALID;
  for (n = 0; n < b->count && status == MYRIAD_OK; ++n) myriad_test_take(host, b, myriad_test_at(b, n));
  pthread_cond_broadcast(&host->changed);
  pthread_mutex_unlock(&host->mutex);
  return status;
}

typedef struct myriad_test_owed {
  void (*done)(void*, myriad_status);
  void* user;
  myriad_status status;
} myriad_test_owed;

MYRIAD_TEST_FN void* myriad_test_answer(void* p) {
  const myriad_test_owed owed = *(myriad_test_owed*)p;
  free(p);
  owed.done(owed.user, owed.status);
  return NULL;
}

MYRIAD_TEST_FN myriad_status myriad_test_publish_durable(const myriad_host* h, const myriad_batch* b,
                                                         void (*done)(void*, myriad_status), void* user) {
  myriad_test_host* host = myriad_test_self(h);
  const myriad_status status = myriad_test_publish(h, b);
  myriad_test_owed* owed;
  if (status != MYRIAD_OK) return status;
  owed = (myriad_test_owed*)myriad_test_grow(NULL, 0, sizeof *owed);
  owed->done = done;
  owed->user = user;
  pthread_mutex_lock(&host->mutex);
  owed->status = host->durable_answer;
  host->answers = (pthread_t*)myriad_test_grow(host->answers, host->answer_count, sizeof *host->answers);
  if (pthread_create(&host->answers[host->answer_count++], NULL, myriad_test_answer, owed) != 0) abort();
  pthread_mutex_unlock(&host->mutex);
  return MYRIAD_OK;
}

MYRIAD_TEST_FN myriad_status myriad_test_refuse(myriad_error* e, const char* why) {
  if (e && e->struct_size >= sizeof *e) snprintf(e->message, sizeof e->message, "%s", why);
  return MYRIAD_E_INVALID;
}

MYRIAD_TEST_FN myriad_status myriad_test_put_thing(const myriad_host* h, myriad_text thing, myriad_text td,
                                                   myriad_error* e) {
  myriad_test_host* host = myriad_test_self(h);
  const int object = td.size >= 2 && td.data[0] == '{' && td.data[td.size - 1] == '}';
  if (!myriad_test_is_slug(thing)) return myriad_test_refuse(e, "the Thing's name is no slug");
  if (!object) return myriad_test_refuse(e, "the Thing's description is no JSON object");
  pthread_mutex_lock(&host->mutex);
  myriad_test_add(&host->things, myriad_test_copy(thing.data, thing.size), td.data, td.size, 0);
  pthread_mutex_unlock(&host->mutex);
  return MYRIAD_OK;
}

MYRIAD_TEST_FN myriad_status myriad_test_emit(const myriad_host* h, myriad_text thing, myriad_text event,
                                              myriad_text data, int64_t time_ns) {
  myriad_test_host* host = myriad_test_self(h);
  if (!myriad_test_is_slug(thing) || !myriad_test_is_slug(event) || time_ns < 0) return MYRIAD_E_INVALID;
  pthread_mutex_lock(&host->mutex);
  myriad_test_add(&host->events, myriad_test_join(thing, event), data.data, data.size, (double)time_ns);
  pthread_cond_broadcast(&host->changed);
  pthread_mutex_unlock(&host->mutex);
  return MYRIAD_OK;
}

MYRIAD_TEST_FN myriad_status myriad_test_select(const myriad_host* h, const myriad_text* patterns, uint32_t count,
                                                myriad_error* e) {
  myriad_test_host* host = myriad_test_self(h);
  uint32_t n;
  (void)e;
  pthread_mutex_lock(&host->mutex);
  myriad_test_free(&host->patterns);
  memset(&host->patterns, 0, sizeof host->patterns);
  for (n = 0; n < count; ++n)
    myriad_test_add(&host->patterns, myriad_test_copy(patterns[n].data, patterns[n].size), "", 0, 0);
  pthread_mutex_unlock(&host->mutex);
  return MYRIAD_OK;
}

MYRIAD_TEST_FN myriad_status myriad_test_name(const myriad_host* h, uint32_t point, myriad_text* thing,
                                              myriad_text* property) {
  myriad_test_host* host = myriad_test_self(h);
  const char* full = NULL;
  pthread_mutex_lock(&host->mutex);
  if (point > 0 && point <= host->points.count) full = host->points.items[point - 1].name;
  pthread_mutex_unlock(&host->mutex);
  if (!full) return MYRIAD_E_INVALID;
  thing->data = full;
  thing->size = (size_t)(strchr(full, '/') - full);
  *property = myriad_test_text(full + thing->size + 1);
  return MYRIAD_OK;
}

MYRIAD_TEST_FN myriad_status myriad_test_unit(const myriad_host* h, uint32_t point, char* buffer, size_t size) {
  myriad_test_host* host = myriad_test_self(h);
  const myriad_test_entry* unit = NULL;
  const int known = point > 0 && point <= host->points.count;
  pthread_mutex_lock(&host->mutex);
  if (known) unit = myriad_test_find(&host->units, host->points.items[point - 1].name);
  snprintf(buffer, size, "%s", unit ? unit->text : "");
  pthread_mutex_unlock(&host->mutex);
  return known ? MYRIAD_OK : MYRIAD_E_INVALID;
}

MYRIAD_TEST_FN myriad_status myriad_test_kv_put(const myriad_host* h, myriad_text key, const void* value, size_t size) {
  myriad_test_host* host = myriad_test_self(h);
  if (key.size == 0 || key.size > 256 || size > 1 << 20) return MYRIAD_E_INVALID;
  pthread_mutex_lock(&host->mutex);
  myriad_test_add(&host->kv, myriad_test_copy(key.data, key.size), value, size, 0);
  pthread_mutex_unlock(&host->mutex);
  return MYRIAD_OK;
}

MYRIAD_TEST_FN myriad_status myriad_test_kv_get(const myriad_host* h, myriad_text key,
                                                void (*found)(void*, const void*, size_t), void* user) {
  myriad_test_host* host = myriad_test_self(h);
  char* name = myriad_test_copy(key.data, key.size);
  char* value = NULL;
  size_t size = 0;
  const myriad_test_entry* e;
  pthread_mutex_lock(&host->mutex);
  e = myriad_test_find(&host->kv, name);
  if (e && e->size) value = myriad_test_copy(e->text, size = e->size);
  pthread_mutex_unlock(&host->mutex);
  free(name);
  if (!value) return MYRIAD_E_UNAVAILABLE;
  found(user, value, size);
  free(value);
  return MYRIAD_OK;
}

MYRIAD_TEST_FN myriad_status myriad_test_set_metric(const myriad_host* h, myriad_text name, double value) {
  myriad_test_host* host = myriad_test_self(h);
  pthread_mutex_lock(&host->mutex);
  myriad_test_add(&host->metrics, myriad_test_copy(name.data, name.size), "", 0, value);
  pthread_mutex_unlock(&host->mutex);
  return MYRIAD_OK;
}

MYRIAD_TEST_FN myriad_status myriad_test_connection(const myriad_host* h, int32_t up, myriad_text reason) {
  myriad_test_host* host = myriad_test_self(h);
  pthread_mutex_lock(&host->mutex);
  host->connected = up != 0;
  snprintf(host->reason, sizeof host->reason, "%.*s", (int)reason.size, reason.data);
  pthread_mutex_unlock(&host->mutex);
  return MYRIAD_OK;
}

MYRIAD_TEST_FN myriad_status myriad_test_set_timer(const myriad_host* h, int64_t first_ns, int64_t period_ns,
                                                   myriad_status (*fire)(void*, uint64_t, myriad_error*), void* user,
                                                   uint64_t* timer) {
  myriad_test_host* host = myriad_test_self(h);
  const int64_t ms = 1000000, year = (int64_t)366 * 24 * 3600 * 1000 * ms, now = myriad_test_now_ns(h);
  myriad_test_timer* place = NULL;
  size_t n;
  if (!fire || !timer || first_ns < 0 || first_ns > year) return MYRIAD_E_INVALID;
  if (period_ns && (period_ns < 10 * ms || period_ns > year)) return MYRIAD_E_INVALID;
  pthread_mutex_lock(&host->mutex);
  for (n = 0; n < 64 && !place; ++n)
    if (!host->timers[n].id) place = &host->timers[n];
  if (place) {
    place->id = *timer = ++host->last_timer;
    place->due_ns = now + first_ns;
    place->period_ns = period_ns;
    place->fire = fire;
    place->user = user;
  }
  pthread_mutex_unlock(&host->mutex);
  return place ? MYRIAD_OK : MYRIAD_E_DENIED;
}

MYRIAD_TEST_FN myriad_status myriad_test_cancel_timer(const myriad_host* h, uint64_t timer) {
  myriad_test_host* host = myriad_test_self(h);
  myriad_status status = MYRIAD_E_INVALID;
  size_t n;
  pthread_mutex_lock(&host->mutex);
  for (n = 0; n < 64; ++n)
    if (timer && host->timers[n].id == timer) {
      host->timers[n].id = 0;
      status = MYRIAD_OK;
    }
  pthread_mutex_unlock(&host->mutex);
  return status;
}

MYRIAD_TEST_FN myriad_status myriad_test_secret(const myriad_host* h, myriad_text name,
                                                void (*found)(void*, const void*, size_t), void* user,
                                                myriad_error* e) {
  myriad_test_host* host = myriad_test_self(h);
  char* key = myriad_test_copy(name.data, name.size);
  const myriad_test_entry* entry;
  pthread_mutex_lock(&host->mutex);
  entry = myriad_test_find(&host->secrets, key);
  pthread_mutex_unlock(&host->mutex);
  free(key);
  if (!entry) {
    (void)myriad_test_refuse(e, "there is no such secret for this instance");
    return MYRIAD_E_UNAVAILABLE;
  }
  found(user, entry->text, entry->size); /* entries live as long as the host */
  return MYRIAD_OK;
}

MYRIAD_TEST_FN double myriad_test_number(const myriad_reading* r) {
  if (r->type == MYRIAD_F64) return r->value.f64;
  return r->type == MYRIAD_U64 ? (double)r->value.u64 : (double)r->value.i64;
}

typedef struct myriad_test_series {
  myriad_reading* items; /* by ascending time, one for each */
  size_t count;
} myriad_test_series;

/* Takes a reading that the query asks for; of one time the last. */
MYRIAD_TEST_FN void myriad_test_collect(myriad_test_series* s, const myriad_history_query* q, const myriad_reading* r) {
  size_t at = s->count;
  if (r->point != q->point || r->time_ns < q->from_ns || r->time_ns >= q->to_ns || r->type >= MYRIAD_TEXT) return;
  if (q->step_ns && r->quality > MYRIAD_UNCERTAIN) return;
  while (at > 0 && s->items[at - 1].time_ns >= r->time_ns) --at;
  if (at == s->count || s->items[at].time_ns != r->time_ns) {
    s->items = (myriad_reading*)myriad_test_grow(s->items, s->count, sizeof *s->items);
    memmove(&s->items[at + 1], &s->items[at], (s->count++ - at) * sizeof *s->items);
  }
  s->items[at] = *r;
}

/* One value of the `count` readings of a step, which begins at `time_ns`. */
MYRIAD_TEST_FN myriad_reading myriad_test_aggregate(const myriad_reading* r, size_t count, uint32_t how,
                                                    int64_t time_ns) {
  double sum = 0, least = myriad_test_number(r), most = least, value;
  myriad_reading out;
  size_t n;
  for (n = 0; n < count; ++n) {
    value = myriad_test_number(&r[n]);
    sum += value;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  memset(&out, 0, sizeof out);
  out.time_ns = time_ns;
  out.point = r->point;
  out.type = MYRIAD_F64;
  value = myriad_test_number(&r[count - 1]);
  if (how == MYRIAD_AGGREGATE_MEAN) value = sum / (double)count;
  if (how == MYRIAD_AGGREGATE_MIN) value = least;
  if (how == MYRIAD_AGGREGATE_MAX) value = most;
  if (how == MYRIAD_AGGREGATE_SUM) value = sum;
  if (how == MYRIAD_AGGREGATE_COUNT) value = (double)count;
  if (how == MYRIAD_AGGREGATE_FIRST) value = myriad_test_number(r);
  out.value.f64 = value;
  return out;
}

/* The real host answers whole numbers as I64, and texts too; this one only numbers, and those of steps as F64. */
MYRIAD_TEST_FN myriad_status myriad_test_query(const myriad_host* h, const myriad_history_query* q,
                                               void (*found)(void*, const myriad_batch*), void* user, myriad_error* e) {
  myriad_test_host* host = myriad_test_self(h);
  const int wrong_steps = q->step_ns < 0 || q->step_ns % 1000000 || q->aggregate < MYRIAD_AGGREGATE_MEAN ||
                          q->aggregate > MYRIAD_AGGREGATE_LAST;
  myriad_test_series s = {NULL, 0};
  myriad_batch batch;
  size_t n, first, kept = 0;
  if (q->limit < 1 || q->limit > 100000 || (q->step_ns && wrong_steps))
    return myriad_test_refuse(e, "limit is 1 to 100000, step_ns whole milliseconds, aggregate MYRIAD_AGGREGATE_...");
  pthread_mutex_lock(&host->mutex);
  for (n = 0; n < host->remembered_count; ++n) myriad_test_collect(&s, q, &host->remembered[n]);
  for (n = 0; n < host->seen_count; ++n) myriad_test_collect(&s, q, &host->seen[n].reading);
  pthread_mutex_unlock(&host->mutex);
  for (first = 0; q->step_ns && first < s.count; first = n) {
    const int64_t begin = s.items[first].time_ns / q->step_ns * q->step_ns;
    for (n = first; n < s.count && s.items[n].time_ns - begin < q->step_ns; ++n) continue;
    s.items[kept++] = myriad_test_aggregate(&s.items[first], n - first, q->aggregate, begin);
  }
  if (q->step_ns) s.count = kept;
  memset(&batch, 0, sizeof batch);
  batch.struct_size = sizeof batch;
  batch.stride = sizeof *s.items;
  batch.readings = s.items;
  batch.count = s.count < q->limit ? (uint32_t)s.count : q->limit;
  found(user, &batch);
  free(s.items);
  return MYRIAD_OK;
}

MYRIAD_TEST_FN const void* myriad_test_get_extension(const myriad_host* h, const char* id) {
  static const myriad_host_things things = {sizeof things, 0, myriad_test_put_thing};
  static const myriad_host_events events = {sizeof events, 0, myriad_test_emit};
  static const myriad_host_inputs inputs = {sizeof inputs, 0, myriad_test_select, myriad_test_name, myriad_test_unit};
  static const myriad_host_kv kv = {sizeof kv, 0, myriad_test_kv_put, myriad_test_kv_get};
  static const myriad_host_metrics metrics = {sizeof metrics, 0, myriad_test_set_metric, myriad_test_connection};
  static const myriad_host_timer timer = {sizeof timer, 0, myriad_test_set_timer, myriad_test_cancel_timer};
  static const myriad_host_secrets secrets = {sizeof secrets, 0, myriad_test_secret};
  static const myriad_host_history history = {sizeof history, 0, myriad_test_query};
  (void)h;
  if (strcmp(id, MYRIAD_HOST_TIMER) == 0) return &timer;
  if (strcmp(id, MYRIAD_HOST_SECRETS) == 0) return &secrets;
  if (strcmp(id, MYRIAD_HOST_HISTORY) == 0) return &history;
  if (strcmp(id, MYRIAD_HOST_THINGS) == 0) return &things;
  if (strcmp(id, MYRIAD_HOST_EVENTS) == 0) return &events;
  if (strcmp(id, MYRIAD_HOST_INPUTS) == 0) return &inputs;
  if (strcmp(id, MYRIAD_HOST_KV) == 0) return &kv;
  if (strcmp(id, MYRIAD_HOST_METRICS) == 0) return &metrics;
  return NULL;
}

/* ---- The host, for the test ---------------------------------------------------------------- */

MYRIAD_TEST_FN myriad_test_host* myriad_test_open(void) {
  myriad_test_host* host = (myriad_test_host*)calloc(1, sizeof *host);
  if (!host) abort();
  pthread_mutex_init(&host->mutex, NULL);
  pthread_cond_init(&host->changed, NULL);
  host->table.struct_size = sizeof host->table;
  host->table.abi = MYRIAD_ABI;
  host->table.ctx = host;
  host->table.get_extension = myriad_test_get_extension;
  host->table.log = myriad_test_log;
  host->table.now_ns = myriad_test_now_ns;
  host->table.intern_point = myriad_test_intern;
  host->table.publish = myriad_test_publish;
  host->table.publish_durable = myriad_test_publish_durable;
  return host;
}

/* Waits for every `done` that publish_durable owes. */
MYRIAD_TEST_FN void myriad_test_drain(myriad_test_host* host) {
  for (;;) {
    pthread_t next;
    int more;
    pthread_mutex_lock(&host->mutex);
    more = host->answer_count > 0;
    if (more) next = host->answers[--host->answer_count];
    pthread_mutex_unlock(&host->mutex);
    if (!more) return;
    pthread_join(next, NULL);
  }
}

/* After its plugins are destroyed. */
MYRIAD_TEST_FN void myriad_test_close(myriad_test_host* host) {
  myriad_test_list* lists[] = {&host->points, &host->things, &host->events,   &host->kv,     &host->metrics,
                               &host->logs,   &host->units,  &host->patterns, &host->secrets};
  size_t n;
  myriad_test_drain(host);
  for (n = 0; n < sizeof lists / sizeof *lists; ++n) myriad_test_free(lists[n]);
  for (n = 0; n < host->seen_count; ++n) free((void*)host->seen[n].text);
  free(host->seen);
  free(host->remembered);
  free(host->answers);
  pthread_cond_destroy(&host->changed);
  pthread_mutex_destroy(&host->mutex);
  free(host);
}

/* The id of "<thing>/<property>". */
MYRIAD_TEST_FN uint32_t myriad_test_point(myriad_test_host* host, const char* name) {
  uint32_t id;
  pthread_mutex_lock(&host->mutex);
  id = myriad_test_id(host, myriad_test_copy(name, strlen(name)));
  pthread_mutex_unlock(&host->mutex);
  return id;
}

MYRIAD_TEST_FN size_t myriad_test_count_locked(const myriad_test_host* host, const char* point) {
  size_t n, count = 0;
  for (n = 0; n < host->seen_count; ++n) count += !point || strcmp(host->seen[n].point, point) == 0;
  return count;
}

/* How many readings of a point were published; NULL: of all. */
MYRIAD_TEST_FN size_t myriad_test_count(myriad_test_host* host, const char* point) {
  size_t count;
  pthread_mutex_lock(&host->mutex);
  count = myriad_test_count_locked(host, point);
  pthread_mutex_unlock(&host->mutex);
  return count;
}

/* The newest reading of a point; `found` is 0 when there is none. */
MYRIAD_TEST_FN myriad_test_seen myriad_test_last(myriad_test_host* host, const char* point) {
  myriad_test_seen out;
  size_t n;
  memset(&out, 0, sizeof out);
  pthread_mutex_lock(&host->mutex);
  for (n = 0; n < host->seen_count; ++n)
    if (strcmp(host->seen[n].point, point) == 0) out = host->seen[n];
  pthread_mutex_unlock(&host->mutex);
  return out;
}

/* Waits until `count` readings of a point (NULL: of any) were published. 0: they were not within `ms`. */
MYRIAD_TEST_FN int myriad_test_wait(myriad_test_host* host, const char* point, size_t count, unsigned ms) {
  struct timespec until;
  int in_time = 1, enough;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += (time_t)(ms / 1000);
  until.tv_nsec += (long)(ms % 1000) * 1000000;
  if (until.tv_nsec >= 1000000000) ++until.tv_sec, until.tv_nsec -= 1000000000;
  pthread_mutex_lock(&host->mutex);
  while (!(enough = myriad_test_count_locked(host, point) >= count) && in_time)
    in_time = pthread_cond_timedwait(&host->changed, &host->mutex, &until) == 0;
  pthread_mutex_unlock(&host->mutex);
  return enough;
}

MYRIAD_TEST_FN const char* myriad_test_newest(myriad_test_host* host, const myriad_test_list* list, const char* name) {
  const myriad_test_entry* e;
  const char* out;
  pthread_mutex_lock(&host->mutex);
  e = myriad_test_find(list, name);
  out = e ? e->text : NULL;
  pthread_mutex_unlock(&host->mutex);
  return out;
}

/* The description that a Thing was given last, the data of the last event "<thing>/<event>", the state kept under a
 * key. NULL: there is none. */
MYRIAD_TEST_FN const char* myriad_test_thing(myriad_test_host* host, const char* name) {
  return myriad_test_newest(host, &host->things, name);
}
MYRIAD_TEST_FN const char* myriad_test_event(myriad_test_host* host, const char* name) {
  return myriad_test_newest(host, &host->events, name);
}
MYRIAD_TEST_FN const char* myriad_test_kept(myriad_test_host* host, const char* key) {
  return myriad_test_newest(host, &host->kv, key);
}
/* A metric's value; 0 when it was never set. */
MYRIAD_TEST_FN double myriad_test_metric(myriad_test_host* host, const char* name) {
  const myriad_test_entry* e;
  double out;
  pthread_mutex_lock(&host->mutex);
  e = myriad_test_find(&host->metrics, name);
  out = e ? e->number : 0;
  pthread_mutex_unlock(&host->mutex);
  return out;
}
/* Was a line with these words logged? */
MYRIAD_TEST_FN int myriad_test_logged(myriad_test_host* host, const char* words) {
  size_t n;
  int found = 0;
  pthread_mutex_lock(&host->mutex);
  for (n = 0; n < host->logs.count; ++n) found = found || strstr(host->logs.items[n].text, words);
  pthread_mutex_unlock(&host->mutex);
  return found;
}

/* What the site knows before the plugin runs: state that it kept, the unit of an input. */
MYRIAD_TEST_FN void myriad_test_keep(myriad_test_host* host, const char* key, const char* value) {
  (void)myriad_test_kv_put(&host->table, myriad_test_text(key), value, strlen(value));
}
MYRIAD_TEST_FN void myriad_test_set_unit(myriad_test_host* host, const char* point, const char* unit) {
  pthread_mutex_lock(&host->mutex);
  myriad_test_add(&host->units, myriad_test_copy(point, strlen(point)), unit, strlen(unit), 0);
  pthread_mutex_unlock(&host->mutex);
}
/* What an administrator gave the plugin. */
MYRIAD_TEST_FN void myriad_test_give_secret(myriad_test_host* host, const char* name, const char* value) {
  pthread_mutex_lock(&host->mutex);
  myriad_test_add(&host->secrets, myriad_test_copy(name, strlen(name)), value, strlen(value), 0);
  pthread_mutex_unlock(&host->mutex);
}
/* A reading that the site has recorded before; what the plugin publishes is recorded behind it. */
MYRIAD_TEST_FN void myriad_test_remember(myriad_test_host* host, const char* point, int64_t time_ns, double value) {
  myriad_reading r;
  memset(&r, 0, sizeof r);
  pthread_mutex_lock(&host->mutex);
  r.time_ns = time_ns;
  r.point = myriad_test_id(host, myriad_test_copy(point, strlen(point)));
  r.type = MYRIAD_F64;
  r.value.f64 = value;
  host->remembered =
      (myriad_reading*)myriad_test_grow(host->remembered, host->remembered_count, sizeof *host->remembered);
  host->remembered[host->remembered_count++] = r;
  pthread_mutex_unlock(&host->mutex);
}
/* The next `times` publish() and publish_durable() answer `status`, for instance AGAIN, and take nothing. */
MYRIAD_TEST_FN void myriad_test_answer_publish(myriad_test_host* host, myriad_status status, unsigned times) {
  pthread_mutex_lock(&host->mutex);
  host->publish_answer = status;
  host->publish_times = times;
  pthread_mutex_unlock(&host->mutex);
}
/* From now on `done` of publish_durable() is told `status`: UNAVAILABLE when the disk refuses. */
MYRIAD_TEST_FN void myriad_test_answer_durable(myriad_test_host* host, myriad_status status) {
  pthread_mutex_lock(&host->mutex);
  host->durable_answer = status;
  pthread_mutex_unlock(&host->mutex);
}
/* From now on host->now_ns() stands there; 0: the system clock again. */
MYRIAD_TEST_FN void myriad_test_set_now(myriad_test_host* host, int64_t ns) {
  pthread_mutex_lock(&host->mutex);
  host->now_ns = ns;
  pthread_mutex_unlock(&host->mutex);
}

/* ---- The plugin ---------------------------------------------------------------------------- */

typedef struct myriad_test_plugin {
  myriad_test_host* host;
  const myriad_plugin_api* api;
  myriad_instance* instance; /* NULL: create() failed */
  myriad_status created;
  int started;
  myriad_error error; /* of the last call */
  char* output;       /* of invoke() and serve(), and what save() wrote; NUL-terminated */
  size_t output_size;
  int http_status;       /* of serve() */
  int replies;           /* how often the last invoke() or serve() was answered */
  myriad_status replied; /* what invoke() was answered */
} myriad_test_plugin;

MYRIAD_TEST_FN const char* myriad_test_message(const myriad_test_plugin* p) {
  return p->error.message;
}

MYRIAD_TEST_FN myriad_error* myriad_test_blank(myriad_test_plugin* p) {
  memset(&p->error, 0, sizeof p->error);
  p->error.struct_size = sizeof p->error;
  return &p->error;
}

/* Creates an instance. When create() failed, `created` says with which status, and only destroy may follow. */
MYRIAD_TEST_FN myriad_test_plugin* myriad_test_create(myriad_test_host* host, const myriad_plugin_api* api,
                                                      const char* config_json) {
  myriad_test_plugin* p = (myriad_test_plugin*)calloc(1, sizeof *p);
  if (!p) abort();
  p->host = host;
  p->api = api;
  p->created = api->create(&host->table, config_json, &p->instance, myriad_test_blank(p));
  if (p->created != MYRIAD_OK) p->instance = NULL;
  return p;
}

MYRIAD_TEST_FN myriad_status myriad_test_start(myriad_test_plugin* p) {
  const myriad_status status = p->instance ? p->api->start(p->instance, myriad_test_blank(p)) : p->created;
  p->started = status == MYRIAD_OK;
  return status;
}
MYRIAD_TEST_FN void myriad_test_stop(myriad_test_plugin* p) {
  if (p->started) p->api->stop(p->instance);
  p->started = 0;
  pthread_mutex_lock(&p->host->mutex);
  memset(p->host->timers, 0, sizeof p->host->timers);
  pthread_mutex_unlock(&p->host->mutex);
}
MYRIAD_TEST_FN void myriad_test_cancel(myriad_test_plugin* p) {
  p->api->cancel(p->instance);
}
/* Stops first, and waits for what the host owes, as the real host does. */
MYRIAD_TEST_FN void myriad_test_destroy(myriad_test_plugin* p) {
  myriad_test_stop(p);
  myriad_test_drain(p->host);
  if (p->instance) p->api->destroy(p->instance);
  free(p->output);
  free(p);
}

/* The first timer that is due until then, as it is; `id` is 0: there is none. The host's time is that of the tick. */
MYRIAD_TEST_FN myriad_test_timer myriad_test_next_tick(myriad_test_host* host, int64_t end_ns) {
  myriad_test_timer* first = NULL;
  myriad_test_timer out;
  size_t n;
  memset(&out, 0, sizeof out);
  pthread_mutex_lock(&host->mutex);
  for (n = 0; n < 64; ++n)
    if (host->timers[n].id && (!first || host->timers[n].due_ns < first->due_ns)) first = &host->timers[n];
  if (first && first->due_ns <= end_ns) {
    out = *first;
    if (host->now_ns < out.due_ns) host->now_ns = out.due_ns;
    first->due_ns += first->period_ns;
    if (!first->period_ns) first->id = 0;
  }
  pthread_mutex_unlock(&host->mutex);
  return out;
}
/* Lets `ns` pass: the host's clock goes on by so much (and stands, from now on), and the started plugin's timers tick.
 * The status of the first tick that fails; those behind it are not called then. */
MYRIAD_TEST_FN myriad_status myriad_test_elapse(myriad_test_plugin* p, int64_t ns) {
  const int64_t now = myriad_test_now_ns(&p->host->table), end = now + ns;
  myriad_status status = MYRIAD_OK;
  myriad_test_set_now(p->host, now);
  while (status == MYRIAD_OK) {
    const myriad_test_timer tick = myriad_test_next_tick(p->host, end);
    if (!tick.id) break;
    if (p->started) status = tick.fire(tick.user, tick.id, myriad_test_blank(p));
  }
  if (status == MYRIAD_OK) myriad_test_set_now(p->host, end);
  return status;
}

/* The plugin's table of an extension, or NULL. */
MYRIAD_TEST_FN const void* myriad_test_extension(myriad_test_plugin* p, const char* id) {
  return p->instance ? p->api->get_extension(p->instance, id) : NULL;
}
MYRIAD_TEST_FN myriad_status myriad_test_lacks(myriad_test_plugin* p, const char* what) {
  snprintf(p->error.message, sizeof p->error.message, "the plugin has no %s", what);
  return MYRIAD_E_UNSUPPORTED;
}
#define MYRIAD_TEST_TABLE(type, id, function)                    \
  const type* table = (const type*)myriad_test_extension(p, id); \
  myriad_error* error = myriad_test_blank(p);                    \
  if (!table || !MYRIAD_HAS(table, type, function)) return myriad_test_lacks(p, id " " #function "()")

MYRIAD_TEST_FN myriad_status myriad_test_discover(myriad_test_plugin* p) {
  MYRIAD_TEST_TABLE(myriad_ext_device, MYRIAD_EXT_DEVICE, discover);
  return table->discover(p->instance, INT64_MAX, error);
}
MYRIAD_TEST_FN myriad_status myriad_test_poll_until(myriad_test_plugin* p, int64_t deadline_ns) {
  MYRIAD_TEST_TABLE(myriad_ext_device, MYRIAD_EXT_DEVICE, poll);
  return table->poll(p->instance, deadline_ns, error);
}
MYRIAD_TEST_FN myriad_status myriad_test_poll(myriad_test_plugin* p) {
  return myriad_test_poll_until(p, INT64_MAX);
}
MYRIAD_TEST_FN myriad_status myriad_test_read(myriad_test_plugin* p, const uint32_t* points, uint32_t count) {
  MYRIAD_TEST_TABLE(myriad_ext_device, MYRIAD_EXT_DEVICE, read);
  return table->read(p->instance, points, count, INT64_MAX, error);
}
/* each: one slot per reading. */
MYRIAD_TEST_FN myriad_status myriad_test_write(myriad_test_plugin* p, const myriad_batch* batch, myriad_status* each) {
  MYRIAD_TEST_TABLE(myriad_ext_device, MYRIAD_EXT_DEVICE, write);
  return table->write(p->instance, batch, each, error);
}

MYRIAD_TEST_FN void myriad_test_append(void* user, const void* data, size_t size) {
  myriad_test_plugin* p = (myriad_test_plugin*)user;
  p->output = (char*)myriad_test_grow(p->output, p->output_size + size, 1);
  if (size) memcpy(p->output + p->output_size, data, size);
  p->output_size += size;
  p->output[p->output_size] = '\0';
}
MYRIAD_TEST_FN void myriad_test_forget_output(myriad_test_plugin* p) {
  p->output_size = 0;
  p->replies = 0;
  myriad_test_append(p, "", 0);
}

MYRIAD_TEST_FN void myriad_test_reply(void* user, myriad_status status, myriad_text output) {
  myriad_test_plugin* p = (myriad_test_plugin*)user;
  pthread_mutex_lock(&p->host->mutex);
  ++p->replies;
  p->replied = status;
  myriad_test_append(p, output.data, output.size);
  pthread_cond_broadcast(&p->host->changed);
  pthread_mutex_unlock(&p->host->mutex);
}
/* Waits up to 10 s for the reply, whose status it returns; `output` holds what came with it. */
MYRIAD_TEST_FN myriad_status myriad_test_invoke(myriad_test_plugin* p, const char* thing, const char* action,
                                                const char* input_json) {
  myriad_status status;
  struct timespec until;
  MYRIAD_TEST_TABLE(myriad_ext_device, MYRIAD_EXT_DEVICE, invoke);
  myriad_test_forget_output(p);
  status = table->invoke(p->instance, myriad_test_text(thing), myriad_test_text(action), myriad_test_text(input_json),
                         myriad_test_reply, p, error);
  if (status != MYRIAD_OK) return status;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 10;
  pthread_mutex_lock(&p->host->mutex);
  while (!p->replies && pthread_cond_timedwait(&p->host->changed, &p->host->mutex, &until) == 0) continue;
  status = p->replies ? p->replied : MYRIAD_E_TIMEOUT;
  pthread_mutex_unlock(&p->host->mutex);
  return status;
}

MYRIAD_TEST_FN void myriad_test_respond(void* user, const myriad_http_response* response) {
  myriad_test_plugin* p = (myriad_test_plugin*)user;
  p->http_status = response->status;
  myriad_test_reply(p, MYRIAD_OK, response->body);
}
/* `http_status` and `output` hold the answer. A plugin that answers OK must have responded once: else INTERNAL. */
MYRIAD_TEST_FN myriad_status myriad_test_serve(myriad_test_plugin* p, const char* method, const char* path,
                                               const char* body) {
  myriad_http_request request;
  myriad_status status;
  MYRIAD_TEST_TABLE(myriad_ext_http, MYRIAD_EXT_HTTP, serve);
  myriad_test_forget_output(p);
  memset(&request, 0, sizeof request);
  request.struct_size = sizeof request;
  request.method = myriad_test_text(method);
  request.path = myriad_test_text(path);
  request.body = myriad_test_text(body);
  request.user = myriad_test_text("admin");
  request.query = request.content_type = myriad_test_text("");
  status = table->serve(p->instance, &request, myriad_test_respond, p, error);
  return status == MYRIAD_OK && p->replies != 1 ? MYRIAD_E_INTERNAL : status;
}

MYRIAD_TEST_FN myriad_status myriad_test_deliver(myriad_test_plugin* p, const myriad_batch* batch) {
  MYRIAD_TEST_TABLE(myriad_ext_sink, MYRIAD_EXT_SINK, deliver);
  return table->deliver(p->instance, batch, error);
}
MYRIAD_TEST_FN myriad_status myriad_test_process(myriad_test_plugin* p, const myriad_batch* batch) {
  MYRIAD_TEST_TABLE(myriad_ext_processor, MYRIAD_EXT_PROCESSOR, process);
  return table->process(p->instance, batch, error);
}
/* `output` and `output_size` hold the state. */
MYRIAD_TEST_FN myriad_status myriad_test_save(myriad_test_plugin* p) {
  MYRIAD_TEST_TABLE(myriad_ext_processor, MYRIAD_EXT_PROCESSOR, save);
  (void)error;
  myriad_test_forget_output(p);
  return table->save(p->instance, myriad_test_append, p);
}
MYRIAD_TEST_FN myriad_status myriad_test_load(myriad_test_plugin* p, const void* state, size_t size) {
  MYRIAD_TEST_TABLE(myriad_ext_processor, MYRIAD_EXT_PROCESSOR, load);
  return table->load(p->instance, state, size, error);
}

/* ---- Batches for write, deliver and process ------------------------------------------------ */

MYRIAD_TEST_FN myriad_reading myriad_test_reading(uint32_t point, int64_t time_ns, uint16_t type) {
  myriad_reading r;
  memset(&r, 0, sizeof r);
  r.time_ns = time_ns;
  r.point = point;
  r.type = type;
  return r;
}
MYRIAD_TEST_FN myriad_reading myriad_test_f64(uint32_t point, int64_t time_ns, double value) {
  myriad_reading r = myriad_test_reading(point, time_ns, MYRIAD_F64);
  r.value.f64 = value;
  return r;
}
MYRIAD_TEST_FN myriad_reading myriad_test_i64(uint32_t point, int64_t time_ns, int64_t value) {
  myriad_reading r = myriad_test_reading(point, time_ns, MYRIAD_I64);
  r.value.i64 = value;
  return r;
}
/* Of numbers; borrows them. As if delivered with sequence 1. */
MYRIAD_TEST_FN myriad_batch myriad_test_batch(const myriad_reading* readings, uint32_t count) {
  myriad_batch b;
  memset(&b, 0, sizeof b);
  b.struct_size = sizeof b;
  b.stride = sizeof *readings;
  b.readings = readings;
  b.count = count;
  b.sequence = 1;
  return b;
}

#endif
