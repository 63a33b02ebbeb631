// A plugin for tests of the validator: it does all that a plugin may do, and has one fault, which sample.json beside
// the library names ({"fault": "none"}: it has none). Written against the C ABI, since plugin.hpp forbids most of them.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "myriad/plugin.h"

namespace {

using namespace std::chrono_literals;

// Read when the library is loaded, since some faults are in that.
std::string read_fault() {
  Dl_info here{};
  ::dladdr(reinterpret_cast<void*>(&read_fault), &here);
  const std::string library = here.dli_fname;
  std::ifstream file(library.substr(0, library.rfind('/')) + "/sample.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto begin = text.find(": \""), end = text.rfind('"');
  return begin == std::string::npos ? "none" : text.substr(begin + 3, end - begin - 3);
}

const std::string& fault() {
  static const std::string name = read_fault();
  return name;
}
bool has(const char* name) {
  return fault() == name;
}

[[noreturn]] void crash() {
  ::raise(SIGSEGV);
  std::abort();
}

// What goes wrong in any call that the fault names: "crash_in_stop".
void go_wrong_in(const std::string& call) {
  if (fault() == "crash_in_" + call) crash();
  if (fault() == "abort_in_" + call) std::abort();
  if (fault() == "exit_in_" + call) std::exit(3);
  if (fault() == "hang_in_" + call) std::this_thread::sleep_for(1h);
  if (fault() == "throw_in_" + call) throw std::runtime_error("thrown as told");
}

struct AtLoad {
  AtLoad() {
    if (has("thread_at_load")) std::thread([] { std::this_thread::sleep_for(1h); }).detach();
    if (has("file_at_load")) (void)::open("/dev/null", O_RDONLY);
    if (has("slow_load")) std::this_thread::sleep_for(200ms);
    if (has("signal_at_load")) ::signal(SIGTERM, SIG_IGN);
    if (has("crash_at_load")) crash();
  }
} at_load;

myriad_text text(const char* s) {
  return {s, std::strlen(s)};
}

struct Instance {
  const myriad_host* host;
  std::uint32_t point = 0;
  std::int64_t total = 0;
  std::atomic<bool> over = false, cancelled = false;
  std::thread worker;
  std::thread::id first_thread;
  bool started = false, ailing = false;
};

void* volatile kept = nullptr;  // so that the compiler does not leave the allocation out
std::atomic<int> alive = 0, ever_destroyed = 0;

Instance& self(myriad_instance* i) {
  return *reinterpret_cast<Instance*>(i);
}

myriad_status fail(myriad_error* error, myriad_status status, const char* why) {
  if (has("no_message")) return status;
  if (has("unterminated_message")) {
    std::memset(error->message, 'x', sizeof error->message);
  } else if (has("long_message")) {
    std::memset(error->message, 'x', sizeof error->message + 16);
    error->message[100] = '\0';
  } else if (error && error->struct_size >= sizeof *error) {
    std::snprintf(error->message, sizeof error->message, "%s", why);
  }
  return has("odd_status") ? 5 : status;
}

template <class Table>
const Table* host_table(const Instance& i, const char* id) {
  const auto* table = static_cast<const Table*>(i.host->get_extension(i.host, id));
  if (!table && has("needs_every_extension")) crash();
  return table;
}

myriad_status publish(Instance& i, myriad_reading r, std::uint32_t blob_size = 0) {
  const std::uint8_t blob[8] = {'t', 'e', 'x', 't'};
  const std::uint32_t stride = has("small_stride") ? 16 : sizeof r;
  const myriad_batch batch{sizeof batch, stride, &r, blob, 1, blob_size, 0};
  return i.host->publish(i.host, &batch);
}

myriad_reading reading(const Instance& i) {
  myriad_reading r{};
  r.time_ns = i.host->now_ns(i.host);
  r.point = i.point;
  r.type = MYRIAD_F64;
  r.value.f64 = 1;
  return r;
}

// ---- The six functions

myriad_status create(const myriad_host* host, const char* config, myriad_instance** out, myriad_error* error) {
  go_wrong_in("create");
  if (has("strict_host_size") && host->struct_size != sizeof(myriad_host))
    return fail(error, MYRIAD_E_UNSUPPORTED, "this host's table has another size");
  const std::string given = config;
  if (given.empty() || given[0] != '{' || given.back() != '}') {
    if (has("crash_on_odd_config")) crash();
    return fail(error, MYRIAD_E_INVALID, "the configuration is no JSON object");
  }
  if (has("crash_on_long_config") && given.size() > 60'000) crash();
  if (has("deep_recursion") && given.starts_with("{\"a\":{\"a\"")) crash();
  if (has("no_instance")) return MYRIAD_OK;
  static Instance shared{};
  auto* i = has("same_instance") ? &shared : new Instance{};
  i->host = host;
  if (host->intern_point(host, text("thing"), text("value"), &i->point) != MYRIAD_OK) crash();
  const auto pattern = text("thing/*");
  if (const auto* inputs = host_table<myriad_host_inputs>(*i, MYRIAD_HOST_INPUTS))
    inputs->select(host, &pattern, 1, error);
  ++alive;
  *out = reinterpret_cast<myriad_instance*>(i);
  return MYRIAD_OK;
}

void destroy(myriad_instance* i) {
  go_wrong_in("destroy");
  --alive;
  ++ever_destroyed;
  if (self(i).worker.joinable()) self(i).worker.join();
  if (!has("same_instance") && !has("leak")) delete &self(i);
  if (has("leak_file")) (void)::open("/dev/null", O_RDONLY);
}

void work(Instance& i) {
  const bool late = has("calls_after_stop"), stays = has("thread_stays");
  while (!i.over || late || stays) {
    std::this_thread::sleep_for(1ms);
    if (i.over && late) {
      std::this_thread::sleep_for(20ms);
      (void)publish(i, reading(i));
      return;
    }
    if (i.over && stays) {
      std::this_thread::sleep_for(300ms);
      return;
    }
  }
}

myriad_status tick(void*, std::uint64_t, myriad_error*) {
  go_wrong_in("tick");
  return MYRIAD_OK;
}

// A timer, a secret and a look at its history, where the host has them.
void use_1_1(Instance& i, myriad_error* error) {
  const auto* h = i.host;
  std::uint64_t id = 0;
  if (const auto* timer = host_table<myriad_host_timer>(i, MYRIAD_HOST_TIMER))
    (void)timer->set(h, 0, has("bad_timer") ? 1'000'000 : 10'000'000, tick, &i, &id);
  const auto forget = [](void*, const void*, std::size_t) {};
  if (const auto* secrets = host_table<myriad_host_secrets>(i, MYRIAD_HOST_SECRETS))
    (void)secrets->get(h, text(has("bad_secret") ? "no slug!" : "word"), forget, &i, error);
  const std::uint32_t limit = has("bad_query") ? 0 : 10;
  const myriad_history_query q{sizeof q, i.point, 0, INT64_MAX, 1'000'000'000, MYRIAD_AGGREGATE_MEAN, limit};
  if (const auto* history = host_table<myriad_host_history>(i, MYRIAD_HOST_HISTORY))
    (void)history->query(
        h, &q, [](void*, const myriad_batch*) {}, &i, error);
}

myriad_status start(myriad_instance* raw, myriad_error* error) {
  auto& i = self(raw);
  go_wrong_in("start");
  if (has("start_waits")) std::this_thread::sleep_for(1100ms);
  if (has("starts_once") && i.started) return fail(error, MYRIAD_E_INTERNAL, "it was started before");
  if (has("start_refuses")) return fail(error, MYRIAD_E_INVALID, "the address is wrong");
  i.started = true;
  if (i.worker.joinable()) i.worker.join();
  i.over = false;
  if (has("changes_signals")) ::signal(SIGINT, SIG_IGN);
  if (has("forks") && ::fork() == 0) {
    ::sleep(2);
    ::_exit(0);
  }
  const char* td = has("bad_description")
                       ? "{\"properties\":"
                       : "{\"properties\":{\"value\":{\"type\":\"number\"}},\"actions\":{\"echo\":{}}}";
  if (const auto* things = host_table<myriad_host_things>(i, MYRIAD_HOST_THINGS))
    (void)things->put(i.host, text("thing"), text(td), error);
  const auto* metrics = host_table<myriad_host_metrics>(i, MYRIAD_HOST_METRICS);
  if (metrics) (void)metrics->set(i.host, text(has("bad_metric") ? "Bad Metric" : "starts"), 1);
  use_1_1(i, error);
  i.worker = std::thread([&i] { work(i); });
  return MYRIAD_OK;
}

void stop(myriad_instance* raw) {
  auto& i = self(raw);
  i.over = true;
  go_wrong_in("stop");
  if (has("stop_needs_start") && !i.started) crash();
  const bool leaves = has("calls_after_stop") || has("thread_stays");
  if (i.worker.joinable() && !leaves) i.worker.join();
}

void cancel(myriad_instance* i) {
  go_wrong_in("cancel");
  self(i).cancelled = true;
}

// ---- device/1

void wait_in_poll(Instance& i, std::int64_t deadline_ns) {
  if (has("deaf_to_deadline") && deadline_ns < i.host->now_ns(i.host)) std::this_thread::sleep_for(1300ms);
  const bool waits = has("deaf_to_cancel") || has("waits_for_cancel");
  while (waits && i.host->now_ns(i.host) < deadline_ns && !(i.cancelled && !has("deaf_to_cancel")))
    std::this_thread::sleep_for(1ms);
}

myriad_status publish_oddly(Instance& i) {
  auto r = reading(i);
  if (has("not_a_number")) r.value.f64 = std::nan("");
  if (has("unknown_point")) r.point = 1'000'000;
  if (has("negative_time")) r.time_ns = -1;
  if (has("unknown_type")) r.type = 77;
  if (has("beyond_blob")) {
    r.type = MYRIAD_TEXT;
    r.value.blob = {2, 8};
    return publish(i, r, 4);
  }
  return publish(i, r);
}

myriad_status poll(myriad_instance* raw, std::int64_t deadline_ns, myriad_error* error) {
  auto& i = self(raw);
  go_wrong_in("poll");
  if (i.first_thread == std::thread::id()) i.first_thread = std::this_thread::get_id();
  if (has("bound_to_a_thread") && i.first_thread != std::this_thread::get_id())
    return fail(error, MYRIAD_E_INTERNAL, "another thread");
  if (has("breaks_others") && ever_destroyed > 0 && alive == 1 && i.started && i.total++ > 0)
    return fail(error, MYRIAD_E_INTERNAL, "another instance took my socket with it");
  if (has("prints")) std::printf("polled\n"), std::fflush(stdout);
  if (has("leak_some")) kept = ::operator new(80);
  wait_in_poll(i, deadline_ns);
  const bool was_cancelled = has("stays_cancelled") ? i.cancelled.load() : i.cancelled.exchange(false);
  if (was_cancelled && (has("waits_for_cancel") || has("stays_cancelled")))
    return fail(error, MYRIAD_E_CANCELLED, "cancelled");
  const auto status = publish_oddly(i);
  if (status == MYRIAD_E_AGAIN && has("crash_when_full")) crash();
  if (status != MYRIAD_OK) i.ailing = true;
  if (has("never_recovers") && i.ailing) return fail(error, MYRIAD_E_INTERNAL, "a reading was lost");
  return status == MYRIAD_OK ? status : fail(error, status, "the host did not take the reading");
}

myriad_status read(myriad_instance* raw, const std::uint32_t* points, std::uint32_t count, std::int64_t,
                   myriad_error* error) {
  go_wrong_in("read");
  for (std::uint32_t n = 0; n < count; ++n)
    if (points[n] != self(raw).point) return fail(error, MYRIAD_E_INVALID, "there is no such point");
  return MYRIAD_OK;
}

myriad_status write(myriad_instance* raw, const myriad_batch* batch, myriad_status* each, myriad_error*) {
  go_wrong_in("write");
  const auto* bytes = reinterpret_cast<const char*>(batch->readings);
  for (std::uint32_t n = 0; n < batch->count; ++n) {
    const auto* r = reinterpret_cast<const myriad_reading*>(bytes + std::size_t{n} * batch->stride);
    if (has("slot_left_out") && n == batch->count - 1) continue;
    each[n] = r->point == self(raw).point ? MYRIAD_OK : MYRIAD_E_INVALID;
  }
  if (has("slot_too_many")) each[batch->count] = MYRIAD_OK;
  if (has("changes_batch") && batch->count > 0) const_cast<myriad_reading*>(batch->readings)->quality = MYRIAD_BAD;
  return MYRIAD_OK;
}

myriad_status invoke(myriad_instance*, myriad_text, myriad_text action, myriad_text,
                     void (*reply)(void*, myriad_status, myriad_text), void* user, myriad_error* error) {
  go_wrong_in("invoke");
  if (std::string(action.data, action.size) != "echo")
    return fail(error, MYRIAD_E_UNSUPPORTED, "the only action is echo");
  if (has("never_replies")) return MYRIAD_OK;
  reply(user, MYRIAD_OK, text("1"));
  if (has("replies_twice")) reply(user, MYRIAD_OK, text("2"));
  return MYRIAD_OK;
}

// ---- sink/1, processor/1, http/1

myriad_status deliver(myriad_instance*, const myriad_batch* batch, myriad_error* error) {
  go_wrong_in("deliver");
  if (has("strict_stride") && batch->stride != sizeof(myriad_reading))
    return fail(error, MYRIAD_E_INTERNAL, "another stride");
  if (has("refuses_readings")) return fail(error, MYRIAD_E_INVALID, "only integers are sent");
  return MYRIAD_OK;
}

myriad_status process(myriad_instance* raw, const myriad_batch* in, myriad_error*) {
  go_wrong_in("process");
  self(raw).total += in->count;
  return MYRIAD_OK;
}

myriad_status save(myriad_instance* raw, void (*write_state)(void*, const void*, std::size_t), void* user) {
  go_wrong_in("save");
  write_state(user, &self(raw).total, sizeof self(raw).total);
  return MYRIAD_OK;
}

myriad_status load(myriad_instance* raw, const void* state, std::size_t size, myriad_error* error) {
  go_wrong_in("load");
  if (has("crash_on_odd_state") && size != sizeof(std::int64_t)) crash();
  if (size != sizeof(std::int64_t) || has("refuses_state"))
    return fail(error, MYRIAD_E_INVALID, "this is not my state");
  std::memcpy(&self(raw).total, state, size);
  return MYRIAD_OK;
}

myriad_status serve(myriad_instance*, const myriad_http_request* request,
                    void (*respond)(void*, const myriad_http_response*), void* user, myriad_error*) {
  go_wrong_in("serve");
  const myriad_http_response response{sizeof response, has("odd_http_status") ? 7 : 200, text("text/plain"),
                                      request->path};
  if (!has("no_response")) respond(user, &response);
  if (has("responds_twice")) respond(user, &response);
  return MYRIAD_OK;
}

const void* get_extension(myriad_instance*, const char* id) {
  static const myriad_ext_device device{sizeof device, 0, nullptr, poll, read, write, invoke};
  static const myriad_ext_sink sink{sizeof sink, 0, deliver};
  static const myriad_ext_processor processor{sizeof processor, 0, process, save, load};
  static const myriad_ext_http http{sizeof http, 0, serve};
  if (std::strcmp(id, MYRIAD_EXT_DEVICE) == 0) return &device;
  if (std::strcmp(id, MYRIAD_EXT_SINK) == 0) return has("sink_not_served") ? nullptr : &sink;
  if (std::strcmp(id, MYRIAD_EXT_PROCESSOR) == 0) return &processor;
  if (std::strcmp(id, MYRIAD_EXT_HTTP) == 0) return &http;
  return has("serves_everything") ? &device : nullptr;
}

}  // namespace

extern "C" MYRIAD_EXPORT const myriad_plugin_api* myriad_plugin_entry_v1(std::uint32_t host_abi) {
  static const myriad_plugin_api api{
      sizeof api, MYRIAD_ABI, MYRIAD_ABI_MAJOR << 16, MYRIAD_LAYOUT, "faulty", "1.0.0", create, destroy, start,
      stop,       cancel,     get_extension};
  static myriad_plugin_api copy = api;
  static int calls = 0;
  go_wrong_in("entry");
  if (has("refuses_newer_host") && host_abi > MYRIAD_ABI) return nullptr;
  if (has("refuses_older_host") && host_abi < MYRIAD_ABI) return nullptr;
  if (has("another_table")) return calls++ % 2 ? &copy : &api;
  return host_abi >> 16 == MYRIAD_ABI_MAJOR ? &api : nullptr;
}
