#include <myriad/test_host.h>
#include <unistd.h>

static char file[64];

static void sensor_shows(const char* text) {
  FILE* f = fopen(file, "w");
  fputs(text, f);
  fclose(f);
}

static myriad_test_plugin* started(myriad_test_host* host) {
  char config[128];
  myriad_test_plugin* plugin;
  snprintf(config, sizeof config, "{\"thing\":\"room\",\"file\":\"%s\",\"interval_ms\":1000}", file);
  plugin = myriad_test_create(host, myriad_plugin_entry_v1(MYRIAD_ABI), config);
  MYRIAD_TEST_OK(plugin, myriad_test_start(plugin));
  return plugin;
}

static void publishes_degrees(void) {
  myriad_test_host* host = myriad_test_open();
  myriad_test_plugin* plugin = started(host);
  sensor_shows("21500\n");
  MYRIAD_TEST_OK(plugin, myriad_test_poll(plugin));
  MYRIAD_TEST_CHECK(myriad_test_last(host, "room/temperature").reading.value.f64 == 21.5);
  MYRIAD_TEST_CHECK(strstr(myriad_test_thing(host, "room"), "\"unit\":\"Cel\"") != NULL);
  MYRIAD_TEST_CHECK(host->connected);
  myriad_test_destroy(plugin);
  myriad_test_close(host);
}

static void keeps_the_last_value_as_bad_while_the_sensor_is_away(void) {
  myriad_test_host* host = myriad_test_open();
  myriad_test_plugin* plugin = started(host);
  sensor_shows("-5000");
  MYRIAD_TEST_OK(plugin, myriad_test_poll(plugin));
  unlink(file);
  MYRIAD_TEST_STATUS(plugin, myriad_test_poll(plugin), MYRIAD_E_UNAVAILABLE);
  MYRIAD_TEST_CHECK(myriad_test_last(host, "room/temperature").reading.value.f64 == -5.0);
  MYRIAD_TEST_CHECK(myriad_test_last(host, "room/temperature").reading.quality == MYRIAD_BAD);
  MYRIAD_TEST_CHECK(!host->connected);
  sensor_shows("1000");
  MYRIAD_TEST_OK(plugin, myriad_test_poll(plugin));
  MYRIAD_TEST_CHECK(myriad_test_last(host, "room/temperature").reading.quality == MYRIAD_GOOD);
  myriad_test_destroy(plugin);
  myriad_test_close(host);
}

static void says_what_is_wrong_with_the_file(void) {
  myriad_test_host* host = myriad_test_open();
  myriad_test_plugin* plugin = started(host);
  sensor_shows("hot");
  MYRIAD_TEST_STATUS(plugin, myriad_test_poll(plugin), MYRIAD_E_UNAVAILABLE);
  MYRIAD_TEST_CHECK(strstr(myriad_test_message(plugin), "holds no number") != NULL);
  myriad_test_destroy(plugin);
  myriad_test_close(host);
}

static void refuses_what_is_no_configuration(void) {
  const char* wrong[] = {"", "7", "{}", "{\"thing\":7,\"file\":\"/x\"}", "{\"thing\":\"a/b\",\"file\":\"/x\"}"};
  myriad_test_host* host = myriad_test_open();
  size_t n;
  for (n = 0; n < sizeof wrong / sizeof *wrong; ++n) {
    myriad_test_plugin* plugin = myriad_test_create(host, myriad_plugin_entry_v1(MYRIAD_ABI), wrong[n]);
    MYRIAD_TEST_CHECK(plugin->created == MYRIAD_E_INVALID && *myriad_test_message(plugin));
    myriad_test_destroy(plugin);
  }
  myriad_test_close(host);
}

static void says_when_the_host_takes_nothing(void) {
  myriad_test_host* host = myriad_test_open();
  myriad_test_plugin* plugin = started(host);
  sensor_shows("21500");
  myriad_test_answer_publish(host, MYRIAD_E_AGAIN, 1);
  MYRIAD_TEST_STATUS(plugin, myriad_test_poll(plugin), MYRIAD_E_AGAIN);
  MYRIAD_TEST_OK(plugin, myriad_test_poll(plugin));
  myriad_test_destroy(plugin);
  myriad_test_close(host);
}

int main(void) {
  snprintf(file, sizeof file, "/tmp/thermometer_c_%d", (int)getpid());
  MYRIAD_TEST_RUN(publishes_degrees);
  MYRIAD_TEST_RUN(keeps_the_last_value_as_bad_while_the_sensor_is_away);
  MYRIAD_TEST_RUN(says_what_is_wrong_with_the_file);
  MYRIAD_TEST_RUN(refuses_what_is_no_configuration);
  MYRIAD_TEST_RUN(says_when_the_host_takes_nothing);
  unlink(file);
  return myriad_test_result();
}
