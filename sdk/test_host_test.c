/* Tests of the C harness, with the probe of abi/ as the plugin. */
#include "myriad/test_host.h"

static myriad_test_plugin* started(myriad_test_host* host) {
  myriad_test_plugin* plugin = myriad_test_create(host, myriad_plugin_entry_v1(MYRIAD_ABI), "{}");
  myriad_test_give_secret(host, "word", "sesame");
  MYRIAD_TEST_OK(plugin, myriad_test_start(plugin));
  return plugin;
}

static void end(myriad_test_plugin* plugin) {
  myriad_test_host* host = plugin->host;
  myriad_test_destroy(plugin);
  myriad_test_close(host);
}

static void records_what_a_device_does(void) {
  myriad_test_host* host = myriad_test_open();
  myriad_test_plugin* plugin;
  const uint32_t number = myriad_test_point(host, "probe/number");
  myriad_reading r[2];
  myriad_batch batch;
  myriad_status each[2];
  myriad_test_set_now(host, 1000);
  myriad_test_keep(host, "starts", "4");
  plugin = started(host);
  MYRIAD_TEST_TEXT(myriad_test_kept(host, "starts"), "5");
  MYRIAD_TEST_TEXT(myriad_test_event(host, "probe/began"), "1");
  MYRIAD_TEST_CHECK(strstr(myriad_test_thing(host, "probe"), "\"unit\":\"lx\""));
  MYRIAD_TEST_CHECK(host->connected && myriad_test_logged(host, "started"));

  MYRIAD_TEST_OK(plugin, myriad_test_poll(plugin));
  MYRIAD_TEST_CHECK(myriad_test_count(host, "probe/all") == 7 && myriad_test_count(host, NULL) == 8);
  MYRIAD_TEST_CHECK(myriad_test_last(host, "probe/number").reading.value.i64 == 1);
  MYRIAD_TEST_CHECK(myriad_test_last(host, "probe/number").reading.time_ns == 1000);
  MYRIAD_TEST_TEXT(myriad_test_last(host, "probe/all").text, "{}");
  MYRIAD_TEST_CHECK(!myriad_test_last(host, "probe/sum").found);
  MYRIAD_TEST_CHECK(myriad_test_metric(host, "polls") == 1);

  MYRIAD_TEST_OK(plugin, myriad_test_discover(plugin));
  MYRIAD_TEST_CHECK(myriad_test_thing(host, "probe_found") != NULL);
  MYRIAD_TEST_OK(plugin, myriad_test_read(plugin, &number, 1));
  MYRIAD_TEST_CHECK(myriad_test_last(host, "probe/number").reading.value.i64 == -1);
  r[0] = myriad_test_i64(number, 1, 7);
  r[1] = myriad_test_f64(number, 1, 7);
  batch = myriad_test_batch(r, 2);
  MYRIAD_TEST_OK(plugin, myriad_test_write(plugin, &batch, each));
  MYRIAD_TEST_CHECK(each[0] == MYRIAD_OK && each[1] == MYRIAD_E_INVALID);
  MYRIAD_TEST_OK(plugin, myriad_test_invoke(plugin, "probe", "echo", "[7]"));
  MYRIAD_TEST_TEXT(plugin->output, "[7]");
  MYRIAD_TEST_STATUS(plugin, myriad_test_invoke(plugin, "probe", "dance", ""), MYRIAD_E_UNSUPPORTED);
  MYRIAD_TEST_TEXT(myriad_test_message(plugin), "the only action is probe's echo");
  MYRIAD_TEST_OK(plugin, myriad_test_serve(plugin, "GET", "/x", ""));
  MYRIAD_TEST_CHECK(plugin->http_status == 200);
  MYRIAD_TEST_TEXT(plugin->output, "/x");
  end(plugin);
}

static void feeds_a_sink_and_a_processor(void) {
  myriad_test_host* host = myriad_test_open();
  myriad_test_plugin *plugin = started(host), *second;
  myriad_reading r[2];
  myriad_batch batch;
  r[0] = myriad_test_i64(myriad_test_point(host, "probe/number"), 1, 3);
  r[1] = myriad_test_i64(myriad_test_point(host, "probe/number"), 2, 4);
  batch = myriad_test_batch(r, 2);
  MYRIAD_TEST_TEXT(host->patterns.items[0].name, "probe/number");
  MYRIAD_TEST_STATUS(plugin, myriad_test_deliver(plugin, &batch), MYRIAD_E_INTERNAL); /* it asks for the unit */
  myriad_test_set_unit(host, "probe/number", "lx");
  MYRIAD_TEST_OK(plugin, myriad_test_deliver(plugin, &batch));
  MYRIAD_TEST_CHECK(myriad_test_logged(host, "delivered 2"));
  MYRIAD_TEST_OK(plugin, myriad_test_process(plugin, &batch));
  MYRIAD_TEST_OK(plugin, myriad_test_save(plugin));

  second = myriad_test_create(host, myriad_plugin_entry_v1(MYRIAD_ABI), "{}");
  MYRIAD_TEST_OK(second, myriad_test_load(second, plugin->output, plugin->output_size));
  MYRIAD_TEST_OK(second, myriad_test_start(second));
  MYRIAD_TEST_OK(second, myriad_test_process(second, &batch));
  MYRIAD_TEST_CHECK(myriad_test_last(host, "probe/sum").reading.value.i64 == 14);
  myriad_test_destroy(second);
  end(plugin);
}

static void lets_time_pass(void) {
  myriad_test_host* host = myriad_test_open();
  myriad_test_plugin* plugin = started(host);
  MYRIAD_TEST_OK(plugin, myriad_test_elapse(plugin, 15000000));
  MYRIAD_TEST_CHECK(myriad_test_metric(host, "ticks") == 2);
  MYRIAD_TEST_OK(plugin, myriad_test_elapse(plugin, 1000000000));
  MYRIAD_TEST_CHECK(myriad_test_metric(host, "ticks") == 3);
  end(plugin);
}

typedef struct answer {
  uint32_t count;
  double first, last;
} answer;
static void take_answer(void* user, const myriad_batch* batch) {
  answer* out = (answer*)user;
  out->count = batch->count;
  out->first = out->last = 0;
  if (batch->count == 0) return;
  out->first = myriad_test_number(batch->readings);
  out->last = myriad_test_number(&batch->readings[batch->count - 1]);
}

static void remembers(void) {
  myriad_test_host* host = myriad_test_open();
  const myriad_host* h = &host->table;
  const myriad_host_history* history = (const myriad_host_history*)h->get_extension(h, MYRIAD_HOST_HISTORY);
  const int64_t second = 1000000000;
  myriad_history_query q;
  myriad_reading r;
  myriad_batch batch;
  answer got;
  int n;
  for (n = 0; n < 20; ++n) myriad_test_remember(host, "a/b", n * second, n);
  memset(&q, 0, sizeof q);
  q.struct_size = sizeof q;
  q.point = myriad_test_point(host, "a/b");
  q.from_ns = 3 * second;
  q.to_ns = INT64_MAX;
  q.limit = 100;
  r = myriad_test_i64(q.point, 3 * second, 77);
  batch = myriad_test_batch(&r, 1);
  MYRIAD_TEST_CHECK(h->publish(h, &batch) == MYRIAD_OK);
  MYRIAD_TEST_CHECK(history->query(h, &q, take_answer, &got, NULL) == MYRIAD_OK);
  MYRIAD_TEST_CHECK(got.count == 17 && got.first == 77 && got.last == 19);
  q.step_ns = 10 * second;
  q.aggregate = MYRIAD_AGGREGATE_MEAN;
  MYRIAD_TEST_CHECK(history->query(h, &q, take_answer, &got, NULL) == MYRIAD_OK);
  MYRIAD_TEST_CHECK(got.count == 2 && got.first == (77 + 4 + 5 + 6 + 7 + 8 + 9) / 7.0 && got.last == 14.5);
  q.step_ns = 1;
  MYRIAD_TEST_CHECK(history->query(h, &q, take_answer, &got, NULL) == MYRIAD_E_INVALID);
  myriad_test_close(host);
}

static void fails_as_told(void) {
  myriad_test_host* host = myriad_test_open();
  myriad_test_plugin* plugin = started(host);
  const uint32_t number = myriad_test_point(host, "probe/number");
  myriad_test_answer_publish(host, MYRIAD_E_AGAIN, 1);
  MYRIAD_TEST_STATUS(plugin, myriad_test_read(plugin, &number, 1), MYRIAD_E_INTERNAL);
  MYRIAD_TEST_CHECK(myriad_test_count(host, NULL) == 0);
  MYRIAD_TEST_OK(plugin, myriad_test_read(plugin, &number, 1));
  MYRIAD_TEST_CHECK(myriad_test_wait(host, "probe/number", 1, 5000) && !myriad_test_wait(host, NULL, 2, 10));
  myriad_test_answer_durable(host, MYRIAD_E_UNAVAILABLE);
  MYRIAD_TEST_STATUS(plugin, myriad_test_poll(plugin), MYRIAD_E_INTERNAL);
  MYRIAD_TEST_TEXT(myriad_test_message(plugin), "publish_durable() did not reach the disk");
  end(plugin);
}

static void keeps_the_message_of_a_failed_create(void) {
  myriad_test_host* host = myriad_test_open();
  myriad_test_plugin* plugin = myriad_test_create(host, myriad_plugin_entry_v1(MYRIAD_ABI), "7");
  MYRIAD_TEST_CHECK(plugin->created == MYRIAD_E_INVALID);
  MYRIAD_TEST_TEXT(myriad_test_message(plugin), "the configuration is no JSON object: write {}");
  MYRIAD_TEST_STATUS(plugin, myriad_test_poll(plugin), MYRIAD_E_UNSUPPORTED);
  end(plugin);
}

/* The checks themselves: each of these fails, and only that. */
static void counts_what_fails(void) {
  myriad_test_host* host = myriad_test_open();
  myriad_test_plugin* plugin = started(host);
  const int before = myriad_test_failures;
  int counted;
  printf("four failures follow, as they should\n");
  MYRIAD_TEST_CHECK(1 == 2);
  MYRIAD_TEST_TEXT("one", "two");
  MYRIAD_TEST_TEXT(myriad_test_thing(host, "unheard_of"), "two");
  MYRIAD_TEST_STATUS(plugin, myriad_test_poll(plugin), MYRIAD_E_INVALID);
  counted = myriad_test_failures - before;
  myriad_test_failures = before;
  MYRIAD_TEST_CHECK(counted == 4);
  end(plugin);
}

int main(void) {
  MYRIAD_TEST_RUN(records_what_a_device_does);
  MYRIAD_TEST_RUN(feeds_a_sink_and_a_processor);
  MYRIAD_TEST_RUN(lets_time_pass);
  MYRIAD_TEST_RUN(remembers);
  MYRIAD_TEST_RUN(fails_as_told);
  MYRIAD_TEST_RUN(keeps_the_message_of_a_failed_create);
  MYRIAD_TEST_RUN(counts_what_fails);
  return myriad_test_result();
}
