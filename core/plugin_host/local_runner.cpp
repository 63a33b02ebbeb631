#include "plugin_host/local_runner.h"

#include <cstring>

namespace myriad::plugin_host {
namespace {

constexpr std::chrono::seconds drain_limit{2};

// Calls f(&error) and takes over what it filled in.
template <class F>
Outcome called(F&& f) {
  myriad_error error{sizeof(myriad_error), 0, ""};
  const myriad_status status = f(&error);
  error.message[sizeof error.message - 1] = '\0';
  return {status, status == MYRIAD_OK ? "" : error.message};
}

myriad_text text(std::string_view s) {
  return {s.data(), s.size()};
}

}  // namespace

Outcome LocalRunner::create(const std::string& config_json) {
  myriad_instance* made = nullptr;
  auto outcome = called([&](myriad_error* e) { return api_.create(host_.raw(), config_json.c_str(), &made, e); });
  if (!outcome.ok()) return outcome;
  if (!made) return {MYRIAD_E_INTERNAL, "create() reported success and gave no instance"};
  {
    const std::lock_guard lock(mutex_);
    instance_ = made;
  }
  find_extensions();
  return outcome;
}

// A table too short for its first function is none.
void LocalRunner::find_extensions() {
  device_ = static_cast<const myriad_ext_device*>(api_.get_extension(instance_, MYRIAD_EXT_DEVICE));
  sink_ = static_cast<const myriad_ext_sink*>(api_.get_extension(instance_, MYRIAD_EXT_SINK));
  processor_ = static_cast<const myriad_ext_processor*>(api_.get_extension(instance_, MYRIAD_EXT_PROCESSOR));
  http_ = static_cast<const myriad_ext_http*>(api_.get_extension(instance_, MYRIAD_EXT_HTTP));
  if (sink_ && !MYRIAD_HAS(sink_, myriad_ext_sink, deliver)) sink_ = nullptr;
  if (http_ && !MYRIAD_HAS(http_, myriad_ext_http, serve)) http_ = nullptr;
  if (processor_ && !MYRIAD_HAS(processor_, myriad_ext_processor, process)) processor_ = nullptr;
}

bool LocalRunner::serves(Serves what) const {
  switch (what) {
    case Serves::device:
      return device_;
    case Serves::sink:
      return sink_;
    case Serves::processor:
      return processor_;
    case Serves::http:
      break;
  }
  return http_;
}

Outcome LocalRunner::start() {
  auto outcome = called([&](myriad_error* e) { return api_.start(instance_, e); });
  started_ = outcome.ok();
  return outcome;
}

bool LocalRunner::destroy() {
  if (!instance_) return true;
  if (std::exchange(started_, false)) api_.stop(instance_);
  if (!host_.drain(std::chrono::steady_clock::now() + drain_limit)) return false;
  const std::lock_guard lock(mutex_);
  api_.destroy(std::exchange(instance_, nullptr));
  return true;
}

void LocalRunner::cancel() {
  const std::lock_guard lock(mutex_);
  if (instance_) api_.cancel(instance_);
}

Outcome LocalRunner::discover(Nanos deadline) {
  if (!device_ || !MYRIAD_HAS(device_, myriad_ext_device, discover)) return unsupported("discover devices");
  return called([&](myriad_error* e) { return device_->discover(instance_, deadline, e); });
}

Outcome LocalRunner::poll(Nanos deadline) {
  if (!device_ || !MYRIAD_HAS(device_, myriad_ext_device, poll)) return unsupported("poll devices");
  return called([&](myriad_error* e) { return device_->poll(instance_, deadline, e); });
}

Outcome LocalRunner::read(std::uint32_t point, Nanos deadline) {
  if (!device_ || !MYRIAD_HAS(device_, myriad_ext_device, read)) return unsupported("read on demand");
  host_.admit(point);
  return called([&](myriad_error* e) { return device_->read(instance_, &point, 1, deadline, e); });
}

Outcome LocalRunner::write(const myriad_batch& one) {
  if (!device_ || !MYRIAD_HAS(device_, myriad_ext_device, write)) return unsupported("write");
  host_.admit(one.readings->point);
  myriad_status each = MYRIAD_E_INTERNAL;
  auto outcome = called([&](myriad_error* e) {
    const auto status = device_->write(instance_, &one, &each, e);
    return status == MYRIAD_OK ? each : status;
  });
  if (outcome.status == MYRIAD_E_INVALID && outcome.message.empty()) outcome.message = "the device refuses this value";
  return outcome;
}

// The reply may come when this call, or even its instance, is long gone: it owns what it needs.
Outcome LocalRunner::invoke(std::string_view thing, std::string_view action, std::string_view input, Reply reply) {
  if (!device_ || !MYRIAD_HAS(device_, myriad_ext_device, invoke)) return unsupported("perform actions");
  struct Waiting {
    Reply reply;
    std::atomic<bool> replied = false;
  };
  const auto waiting = std::make_shared<Waiting>();
  waiting->reply = std::move(reply);
  const auto call = [](void* user, myriad_status status, myriad_text output) {
    const std::unique_ptr<std::shared_ptr<Waiting>> w(static_cast<std::shared_ptr<Waiting>*>(user));
    (*w)->replied = true;
    (*w)->reply({status, {}}, output.data ? std::string(output.data, output.size) : std::string());
  };
  auto lent = std::make_unique<std::shared_ptr<Waiting>>(waiting);
  auto outcome = called([&](myriad_error* e) {
    return device_->invoke(instance_, text(thing), text(action), text(input), call, lent.get(), e);
  });
  if (outcome.ok() || waiting->replied) (void)lent.release();
  return outcome;
}

Outcome LocalRunner::deliver(const myriad_batch& batch) {
  return called([&](myriad_error* e) { return sink_->deliver(instance_, &batch, e); });
}

Outcome LocalRunner::process(const myriad_batch& batch) {
  return called([&](myriad_error* e) { return processor_->process(instance_, &batch, e); });
}

Outcome LocalRunner::save(std::string& state) {
  state.clear();
  if (!MYRIAD_HAS(processor_, myriad_ext_processor, save)) return {};
  const auto write = [](void* user, const void* data, std::size_t size) {
    static_cast<std::string*>(user)->append(static_cast<const char*>(data), size);
  };
  return {processor_->save(instance_, write, &state), "its state was not saved"};
}

Outcome LocalRunner::load(std::string_view state) {
  if (state.empty() || !MYRIAD_HAS(processor_, myriad_ext_processor, load)) return {};
  return called([&](myriad_error* e) { return processor_->load(instance_, state.data(), state.size(), e); });
}

Outcome LocalRunner::serve(const HttpRequest& request, HttpResponse& response) {
  if (!http_) return unsupported("serve HTTP");
  const myriad_http_request raw{sizeof raw,           0,
                                text(request.method), text(request.path),
                                text(request.query),  text(request.content_type),
                                text(request.body),   text(request.user)};
  const auto respond = [](void* user, const myriad_http_response* r) {
    auto& out = *static_cast<HttpResponse*>(user);
    if (out.status != 0) return;
    out.status = r->status;
    if (r->content_type.data) out.content_type.assign(r->content_type.data, r->content_type.size);
    if (r->body.data) out.body.assign(r->body.data, r->body.size);
  };
  auto outcome = called([&](myriad_error* e) { return http_->serve(instance_, &raw, respond, &response, e); });
  if (outcome.ok() && response.status == 0) return {MYRIAD_E_INTERNAL, "serve() reported success and gave no response"};
  return outcome;
}

Outcome LocalRunner::fire(std::uint64_t timer) {
  const auto tick = host_.parts().timers->take(timer);
  return tick ? called([&](myriad_error* e) { return tick->fire(tick->user, timer, e); }) : Outcome();
}

}  // namespace myriad::plugin_host
