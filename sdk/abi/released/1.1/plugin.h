/* Myriad's plugin ABI: everything that crosses between the host and a plugin's shared library.
 *
 * Plain C99, so that any language can speak it. C++ plugins include plugin.hpp instead.
 *
 * Threads  [scan]    before any instance exists; no side effects
 *          [control] one call at a time per instance, never beside [worker]; may block for a moment
 *          [worker]  one at a time per instance; may block; the OS thread may differ from call to call
 *          [any]     any thread, concurrently; must not block
 *          [own]     any thread of the plugin from create() until stop() returns; may wait for the host's disk
 *          After stop() returns, the plugin calls nothing but host->log().
 * Memory   pointer arguments are borrowed for the call; each side frees only what it allocated
 * Text     UTF-8, pointer + size, not NUL-terminated unless it says so
 * Time     nanoseconds since 1970-01-01T00:00:00Z, UTC, from 1970 to 2262; deadlines are on host->now_ns()
 * Failure  no exception and no longjmp leaves a function declared here
 * Growth   a struct gains fields only at its tail, with a new MINOR; a break is a new extension id.
 *          Each side reads only the fields that the other's struct_size covers (MYRIAD_HAS).
 */
#ifndef MYRIAD_PLUGIN_H
#define MYRIAD_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version ------------------------------------------------------------------------------- */

#define MYRIAD_ABI_MAJOR 1u /* also in the entry symbol's name */
#define MYRIAD_ABI_MINOR 1u /* +1 when a struct gains a tail field, or an extension is added */
#define MYRIAD_ABI ((MYRIAD_ABI_MAJOR << 16) | MYRIAD_ABI_MINOR)

#define MYRIAD_EXPORT __attribute__((visibility("default")))

/* Is the other side's struct long enough to hold `field`, and is the field set? */
#define MYRIAD_HAS(p, type, field) ((p)->struct_size >= offsetof(type, field) + sizeof((p)->field) && (p)->field)

/* ---- Status -------------------------------------------------------------------------------- */

/* 0 is success, negative is failure; a value unknown to the reader is treated as INTERNAL.
 * The status decides what the host does; the message in myriad_error is for people. */
typedef int32_t myriad_status;

#define MYRIAD_OK 0
#define MYRIAD_E_INVALID (-1)     /* bad argument or configuration: no retry */
#define MYRIAD_E_UNSUPPORTED (-2) /* this plugin or device cannot do that */
#define MYRIAD_E_UNAVAILABLE (-3) /* the device is away: the host retries with back-off */
#define MYRIAD_E_TIMEOUT (-4)     /* the deadline passed */
#define MYRIAD_E_CANCELLED (-5)   /* cancel() or stop() interrupted it */
#define MYRIAD_E_AGAIN (-6)       /* the host's queue or disk is full: keep the batch, call again */
#define MYRIAD_E_DENIED (-7)      /* the manifest does not permit it */
#define MYRIAD_E_INTERNAL (-8)    /* a bug: the host marks the instance faulted */

/* On the caller's stack; the callee fills it. */
typedef struct myriad_error {
  uint32_t struct_size;
  int32_t os_code;   /* errno or protocol code; 0 when there is none */
  char message[248]; /* NUL-terminated; names the value at fault and the remedy */
} myriad_error;

typedef struct myriad_text {
  const char* data;
  size_t size;
} myriad_text;

/* ---- Readings ------------------------------------------------------------------------------ */

enum { MYRIAD_BOOL = 1, MYRIAD_I64, MYRIAD_U64, MYRIAD_F64, MYRIAD_TEXT, MYRIAD_BYTES, MYRIAD_JSON };
enum { MYRIAD_GOOD = 0, MYRIAD_UNCERTAIN, MYRIAD_BAD, MYRIAD_STALE };

/* 24 bytes, frozen, no pointers. MYRIAD_BOOL uses i64 (0 or 1). F64 is finite: a device's NaN is
 * published as the last good value, or 0, with quality BAD. */
typedef struct myriad_reading {
  int64_t time_ns;
  uint32_t point; /* from host->intern_point */
  uint16_t type, quality;
  union {
    int64_t i64;
    uint64_t u64;
    double f64;
    struct {
      uint32_t offset, size;
    } blob; /* TEXT, BYTES, JSON: a range of myriad_batch.blob */
  } value;
} myriad_reading;

/* Readings that travel together. Holds no pointer inside its readings, so it can cross a process as is. */
typedef struct myriad_batch {
  uint32_t struct_size;
  uint32_t stride; /* the producer's sizeof(myriad_reading): step by this */
  const myriad_reading* readings;
  const uint8_t* blob;
  uint32_t count, blob_size;
  uint64_t sequence; /* of its last reading in the spine, when the host delivers; 0 when a plugin publishes */
} myriad_batch;

/* ---- What the host gives ------------------------------------------------------------------- */

enum { MYRIAD_LOG_DEBUG = 1, MYRIAD_LOG_INFO, MYRIAD_LOG_WARN, MYRIAD_LOG_ERROR };

typedef struct myriad_host myriad_host;
struct myriad_host { /* one per instance; valid until destroy() returns */
  uint32_t struct_size, abi;
  void* ctx;                                                                     /* the host's own */
  const void* (*get_extension)(const myriad_host*, const char* id);              /* [any] unknown id: NULL */
  void (*log)(const myriad_host*, int32_t level, const char* text, size_t size); /* [any] */
  int64_t (*now_ns)(const myriad_host*);                                         /* [any] a test may fake it */
  /* [any] The id of "<thing>/<property>", stable for the instance's life. The Thing may be described before or
   * after (things/1). Both names are slugs: [A-Za-z0-9_] then [A-Za-z0-9_.~-], at most 128 bytes; else INVALID. */
  myriad_status (*intern_point)(const myriad_host*, myriad_text thing, myriad_text property, uint32_t* id);
  /* [any] Copies. AGAIN when the queue or the disk is full; INVALID when a reading breaks the rules above (none is
   * taken). */
  myriad_status (*publish)(const myriad_host*, const myriad_batch*);
  /* [any] As publish. `done` is called exactly once, on a host thread, never before this returns OK, when the
   * batch is on disk or has failed; it must not block. Never called when this fails. */
  myriad_status (*publish_durable)(const myriad_host*, const myriad_batch*, void (*done)(void* user, myriad_status),
                                   void* user);
};

/* ---- What the plugin gives ----------------------------------------------------------------- */

typedef struct myriad_instance myriad_instance; /* the plugin's own */

typedef struct myriad_plugin_api { /* static const in the plugin */
  uint32_t struct_size, abi, min_host_abi, layout;
  const char *id, *version; /* NUL-terminated; id equals the manifest's */
  /* [control] Parses the configuration (JSON, NUL-terminated, valid against the manifest's schema, its defaults
   * filled in). No I/O. */
  myriad_status (*create)(const myriad_host*, const char* config_json, myriad_instance**, myriad_error*);
  void (*destroy)(myriad_instance*);                       /* [control] after stop() */
  myriad_status (*start)(myriad_instance*, myriad_error*); /* [control] must not wait for a device */
  void (*stop)(myriad_instance*);                          /* [control] joins its own threads; start() may follow */
  void (*cancel)(myriad_instance*);                        /* [any] makes a blocked [worker] call return soon */
  const void* (*get_extension)(myriad_instance*, const char* id); /* [any] static lifetime; unknown id: NULL */
} myriad_plugin_api;

/* Pointer width, and what may never move. */
#define MYRIAD_LAYOUT \
  ((uint32_t)(sizeof(void*) << 16 | offsetof(myriad_reading, value) << 8 | offsetof(myriad_batch, count)))

/* The one exported symbol. [scan] NULL refuses this host. */
MYRIAD_EXPORT const myriad_plugin_api* myriad_plugin_entry_v1(uint32_t host_abi);
typedef const myriad_plugin_api* (*myriad_plugin_entry_fn)(uint32_t host_abi);
#define MYRIAD_ENTRY_SYMBOL "myriad_plugin_entry_v1"

/* ---- Extensions a plugin may serve. "name/revision"; a break is a new revision beside the old. ---- */

/* Talks to equipment. The host calls poll() every `interval_ms` of the configuration (no such field, or 0: never). */
#define MYRIAD_EXT_DEVICE "myriad.device/1"
typedef struct myriad_ext_device {
  uint32_t struct_size, reserved;
  myriad_status (*discover)(myriad_instance*, int64_t deadline_ns,
                            myriad_error*); /* [worker] offers Things through things/1 */
  myriad_status (*poll)(myriad_instance*, int64_t deadline_ns, myriad_error*); /* [worker] publishes */
  /* [worker] Publishes fresh readings of these points. */
  myriad_status (*read)(myriad_instance*, const uint32_t* points, uint32_t count, int64_t deadline_ns, myriad_error*);
  /* [worker] Writes to the equipment and returns when it confirmed. each: batch->count slots, one status per reading.
   */
  myriad_status (*write)(myriad_instance*, const myriad_batch*, myriad_status* each, myriad_error*);
  /* [worker] `reply` is called at most once, before or after invoke() returns. */
  myriad_status (*invoke)(myriad_instance*, myriad_text thing, myriad_text action, myriad_text input_json,
                          void (*reply)(void* user, myriad_status, myriad_text output_json), void* user, myriad_error*);
} myriad_ext_device;

/* Sends readings out, at least once, in order. Which points: inputs/1. */
#define MYRIAD_EXT_SINK "myriad.sink/1"
typedef struct myriad_ext_sink {
  uint32_t struct_size, reserved;
  /* [worker] In sequence order. OK means delivered: the durable cursor moves past batch->sequence.
   * UNAVAILABLE, TIMEOUT, AGAIN, CANCELLED: the same readings are delivered again later, with back-off. */
  myriad_status (*deliver)(myriad_instance*, const myriad_batch*, myriad_error*);
} myriad_ext_sink;

/* Computes readings from readings. Which points: inputs/1. */
#define MYRIAD_EXT_PROCESSOR "myriad.processor/1"
typedef struct myriad_ext_processor {
  uint32_t struct_size, reserved;
  myriad_status (*process)(myriad_instance*, const myriad_batch* in,
                           myriad_error*); /* [worker] publishes its outputs */
  myriad_status (*save)(myriad_instance*, void (*write)(void* user, const void*, size_t),
                        void* user); /* [worker] stored with the cursor */
  myriad_status (*load)(myriad_instance*, const void* state, size_t size, myriad_error*); /* [control] before start() */
} myriad_ext_processor;

/* Serves HTTP requests to /x/<instance>/... of the site's address, from signed-in users only. Since 1.1. */
#define MYRIAD_EXT_HTTP "myriad.http/1"
typedef struct myriad_http_request {
  uint32_t struct_size, reserved;
  myriad_text method;       /* "GET", "PUT"... */
  myriad_text path;         /* behind /x/<instance>; begins with '/', as sent (percent signs are not decoded) */
  myriad_text query;        /* behind '?', as sent; may be empty */
  myriad_text content_type; /* may be empty */
  myriad_text body;         /* at most 1 MiB */
  myriad_text user;         /* who asks */
} myriad_http_request;
typedef struct myriad_http_response {
  uint32_t struct_size;
  int32_t status; /* 200 to 599 */
  myriad_text content_type;
  myriad_text body; /* at most 4 MiB */
} myriad_http_response;
typedef struct myriad_ext_http {
  uint32_t struct_size, reserved;
  /* [worker] Calls `respond` exactly once before it returns OK. Another status becomes an answer of 5xx. */
  myriad_status (*serve)(myriad_instance*, const myriad_http_request*,
                         void (*respond)(void* user, const myriad_http_response*), void* user, myriad_error*);
} myriad_ext_http;

/* ---- Extensions the host serves ------------------------------------------------------------ */

/* Describes Things. */
#define MYRIAD_HOST_THINGS "myriad.things/1"
typedef struct myriad_host_things {
  uint32_t struct_size, reserved;
  /* [own] Creates the Thing or merges into it (RFC 7396). `td_json` is a partial W3C TD 1.1: title, properties
   * (type, unit, readOnly, observable, minimum...), actions, events. The host adds @context, id, security and forms,
   * and remembers this instance as the one to ask for reads, writes and actions of what is named here. */
  myriad_status (*put)(const myriad_host*, myriad_text thing, myriad_text td_json, myriad_error*);
} myriad_host_things;

/* Reports events of Things. */
#define MYRIAD_HOST_EVENTS "myriad.events/1"
typedef struct myriad_host_events {
  uint32_t struct_size, reserved;
  /* [any] Recorded and streamed. data_json: the TD event's data, or empty. AGAIN when the queue is full. */
  myriad_status (*emit)(const myriad_host*, myriad_text thing, myriad_text event, myriad_text data_json,
                        int64_t time_ns);
} myriad_host_events;

/* Chooses what sink/1 and processor/1 receive. */
#define MYRIAD_HOST_INPUTS "myriad.inputs/1"
typedef struct myriad_host_inputs {
  uint32_t struct_size, reserved;
  /* [control] in create(). Patterns over "<thing>/<property>": `*` matches any run within a name, "*" alone matches
   * every point. Later points that match are delivered too. Without a call nothing is delivered. */
  myriad_status (*select)(const myriad_host*, const myriad_text* patterns, uint32_t count, myriad_error*);
  /* [any] The names of a point; borrowed for the life of the instance. */
  myriad_status (*name)(const myriad_host*, uint32_t point, myriad_text* thing, myriad_text* property);
  /* [any] The latest value's unit as the TD states it, copied, NUL-terminated, cut to `size`; empty when unknown. */
  myriad_status (*unit)(const myriad_host*, uint32_t point, char* buffer, size_t size);
} myriad_host_inputs;

/* Keeps small state of the instance across restarts, durably. */
#define MYRIAD_HOST_KV "myriad.kv/1"
typedef struct myriad_host_kv {
  uint32_t struct_size, reserved;
  myriad_status (*put)(const myriad_host*, myriad_text key, const void* value,
                       size_t size); /* [own] at most 1 MiB; size 0 removes */
  /* [own] Calls `found` once, before returning, when the key is there; INVALID never, UNAVAILABLE when it is not there.
   */
  myriad_status (*get)(const myriad_host*, myriad_text key, void (*found)(void* user, const void*, size_t), void* user);
} myriad_host_kv;

/* Shows what the instance counts, in /metrics and in the console. */
#define MYRIAD_HOST_METRICS "myriad.metrics/1"
typedef struct myriad_host_metrics {
  uint32_t struct_size, reserved;
  /* [any] Sets a number by name ([a-z0-9_], at most 64 of them per instance), for instance "reconnects". */
  myriad_status (*set)(const myriad_host*, myriad_text name, double value);
  /* [any] Says whether the equipment or peer answers, and why not (empty reason: it answers). Shown as the
   * instance's connection; changes are logged by the host. */
  myriad_status (*connection)(const myriad_host*, int32_t up, myriad_text reason);
} myriad_host_metrics;

/* Calls the instance back in time, so that it needs no thread of its own. Since 1.1. */
#define MYRIAD_HOST_TIMER "myriad.timer/1"
typedef struct myriad_host_timer {
  uint32_t struct_size, reserved;
  /* [any] Has `fire` called [worker] first_ns from now, and then every period_ns (0: once). A tick that is due while
   * the one before waits or runs is missed, not made up for. None comes before start() returned, nor once stop() was
   * called, which ends all timers. INTERNAL from `fire` marks the instance faulted; other failures are counted and
   * shown. first_ns: 0 to a year; period_ns: 0, or 10 ms to a year. DENIED: it has 64 timers. */
  myriad_status (*set)(const myriad_host*, int64_t first_ns, int64_t period_ns,
                       myriad_status (*fire)(void* user, uint64_t timer, myriad_error*), void* user, uint64_t* timer);
  /* [any] No tick begins any more; one that runs goes on. INVALID: no such timer, or it is over. */
  myriad_status (*cancel)(const myriad_host*, uint64_t timer);
} myriad_host_timer;

/* Gives out what an administrator keeps for the instance: passwords, keys, tokens. Since 1.1. */
#define MYRIAD_HOST_SECRETS "myriad.secrets/1"
typedef struct myriad_host_secrets {
  uint32_t struct_size, reserved;
  /* [own] Calls `found` once, before it returns, with the secret of that name. It may change at any time: ask whenever
   * you connect, and never log it. UNAVAILABLE, with the mend: it is not there, or not for this instance. */
  myriad_status (*get)(const myriad_host*, myriad_text name, void (*found)(void* user, const void* value, size_t size),
                       void* user, myriad_error*);
} myriad_host_secrets;

/* Reads what the site has recorded. Since 1.1. */
#define MYRIAD_HOST_HISTORY "myriad.history/1"
enum {
  MYRIAD_AGGREGATE_MEAN = 1,
  MYRIAD_AGGREGATE_MIN,
  MYRIAD_AGGREGATE_MAX,
  MYRIAD_AGGREGATE_SUM,
  MYRIAD_AGGREGATE_COUNT,
  MYRIAD_AGGREGATE_FIRST,
  MYRIAD_AGGREGATE_LAST
};
typedef struct myriad_history_query {
  uint32_t struct_size;
  uint32_t point;         /* of any Thing: from host->intern_point */
  int64_t from_ns, to_ns; /* from <= time < to */
  int64_t step_ns;    /* 0: the readings themselves. Else one value for each step that has any; whole milliseconds */
  uint32_t aggregate; /* of a step: MYRIAD_AGGREGATE_... of its readings that are GOOD or UNCERTAIN */
  uint32_t limit;     /* 1 to 100,000 */
} myriad_history_query;
typedef struct myriad_host_history {
  uint32_t struct_size, reserved;
  /* [own] Calls `found` once, before it returns, with the first readings that there are: by ascending time, at most
   * `limit`, and fewer where they take more than 4 MiB. None: that was all. To go on, ask again with from_ns behind the
   * last one: its time plus step_ns, or plus 1 without steps. Steps lie at multiples of step_ns since 1970; the time of
   * one is where it begins, even before from_ns. What was published a moment ago may still be missing. */
  myriad_status (*query)(const myriad_host*, const myriad_history_query*,
                         void (*found)(void* user, const myriad_batch*), void* user, myriad_error*);
} myriad_host_history;

/* To come, as a new id: myriad.store/1 (plugin side). */

#ifdef __cplusplus
}
#endif
#endif
