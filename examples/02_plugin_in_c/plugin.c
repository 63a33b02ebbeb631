/* A thermometer that Linux shows as a file, in plain C99. It holds no thread and no global state: the host calls poll()
 * every `interval_ms`, one call at a time per instance. */
#include <errno.h>
#include <jansson.h>
#include <myriad/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct myriad_instance {
  const myriad_host* host;
  json_t* config; /* owns the texts below */
  const char *thing, *file;
  uint32_t temperature; /* the point's id */
  double value;         /* the last good one */
};

static myriad_text text(const char* s) {
  const myriad_text out = {s, strlen(s)};
  return out;
}

/* Fills in why, and returns the status that tells the host what to do. */
static myriad_status fail(myriad_error* error, myriad_status status, const char* value, const char* remedy) {
  if (error && error->struct_size >= sizeof *error) {
    error->os_code = errno;
    snprintf(error->message, sizeof error->message, "%.120s: %s", value, remedy);
  }
  return status;
}

static void destroy(myriad_instance* i) {
  json_decref(i->config);
  free(i);
}

/* The host has checked the configuration against the manifest's schema and filled in its defaults; this checks again,
 * so that no text whatever brings the plugin down. */
static myriad_status configure(myriad_instance* i, const char* config_json, myriad_error* error) {
  json_error_t why;
  errno = 0;
  i->config = json_loads(config_json, 0, &why);
  if (!i->config || json_unpack_ex(i->config, &why, 0, "{s:s, s:s}", "thing", &i->thing, "file", &i->file) != 0)
    return fail(error, MYRIAD_E_INVALID, "the configuration does not fit", why.text);
  if (i->host->intern_point(i->host, text(i->thing), text("temperature"), &i->temperature) != MYRIAD_OK)
    return fail(error, MYRIAD_E_INVALID, "/thing", "a name is letters, digits, '_', '-', '.', '~'");
  return MYRIAD_OK;
}

/* No I/O here: the host creates an instance only to check a configuration, too. */
static myriad_status create(const myriad_host* host, const char* config_json, myriad_instance** out,
                            myriad_error* error) {
  myriad_instance* i = calloc(1, sizeof *i);
  myriad_status status;
  if (!i) return fail(error, MYRIAD_E_INTERNAL, "create", "there is no memory");
  i->host = host;
  status = configure(i, config_json, error);
  if (status == MYRIAD_OK)
    *out = i;
  else
    destroy(i);
  return status;
}

/* Describes the Thing: a partial W3C Thing Description. */
static myriad_status start(myriad_instance* i, myriad_error* error) {
  static const char td[] =
      "{\"properties\":{\"temperature\":"
      "{\"type\":\"number\",\"unit\":\"Cel\",\"readOnly\":true,\"observable\":true}}}";
  const myriad_host_things* things = i->host->get_extension(i->host, MYRIAD_HOST_THINGS);
  if (!things || !MYRIAD_HAS(things, myriad_host_things, put))
    return fail(error, MYRIAD_E_UNSUPPORTED, MYRIAD_HOST_THINGS, "this host does not serve it: upgrade Myriad");
  return things->put(i->host, text(i->thing), text(td), error);
}

static void stop(myriad_instance* i) {
  (void)i; /* there is no thread to join */
}

static void cancel(myriad_instance* i) {
  (void)i; /* a poll reads one small file: it never blocks for long */
}

static myriad_status measure(myriad_instance* i, myriad_error* error) {
  FILE* file = fopen(i->file, "r");
  double thousandths;
  int numbers;
  if (!file) return fail(error, MYRIAD_E_UNAVAILABLE, i->file, "it cannot be opened: is the sensor there?");
  numbers = fscanf(file, "%lf", &thousandths);
  fclose(file);
  errno = 0;
  if (numbers != 1) return fail(error, MYRIAD_E_UNAVAILABLE, i->file, "it holds no number");
  i->value = thousandths / 1000;
  return MYRIAD_OK;
}

static void say_connected(const myriad_instance* i, int up, const char* reason) {
  const myriad_host_metrics* metrics = i->host->get_extension(i->host, MYRIAD_HOST_METRICS);
  if (metrics && MYRIAD_HAS(metrics, myriad_host_metrics, connection))
    (void)metrics->connection(i->host, up, text(reason));
}

static myriad_status publish(const myriad_instance* i, uint16_t quality) {
  myriad_reading reading;
  myriad_batch batch;
  memset(&reading, 0, sizeof reading);
  reading.time_ns = i->host->now_ns(i->host);
  reading.point = i->temperature;
  reading.type = MYRIAD_F64;
  reading.quality = quality;
  reading.value.f64 = i->value;
  memset(&batch, 0, sizeof batch);
  batch.struct_size = sizeof batch;
  batch.stride = sizeof reading;
  batch.readings = &reading;
  batch.count = 1;
  return i->host->publish(i->host, &batch);
}

static myriad_status poll(myriad_instance* i, int64_t deadline_ns, myriad_error* error) {
  myriad_status status = measure(i, error);
  (void)deadline_ns;
  if (status != MYRIAD_OK) {
    /* The last value stays visible, marked as bad; the host polls again at the next interval. */
    say_connected(i, 0, "the sensor's file gives no temperature");
    (void)publish(i, MYRIAD_BAD);
    return status;
  }
  say_connected(i, 1, "");
  status = publish(i, MYRIAD_GOOD);
  errno = 0;
  return status == MYRIAD_OK ? status : fail(error, status, i->thing, "the host did not take the reading");
}

/* What is left out (discover, read, write, invoke) this plugin does not do. */
static const void* get_extension(myriad_instance* i, const char* id) {
  static const myriad_ext_device device = {sizeof device, 0, NULL, poll, NULL, NULL, NULL};
  (void)i;
  return strcmp(id, MYRIAD_EXT_DEVICE) == 0 ? &device : NULL;
}

MYRIAD_EXPORT const myriad_plugin_api* myriad_plugin_entry_v1(uint32_t host_abi) {
  static const myriad_plugin_api api = {
      sizeof api, MYRIAD_ABI, MYRIAD_ABI_MAJOR << 16, MYRIAD_LAYOUT, "thermometer_c", "0.1.0", create, destroy, start,
      stop,       cancel,     get_extension};
  return host_abi >> 16 == MYRIAD_ABI_MAJOR ? &api : NULL;
}
