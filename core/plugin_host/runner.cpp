#include "plugin_host/runner.h"

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

Outcome unsupported(const char* what) {
  return {MYRIAD_E_UNSUPPORTED, std::string("this plugin does not ") + what};
}

}  // namespace

Outcome Runner::create(const std::string& config_json) {
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
void Runner::find_extensions() {
  device_ = static_cast<const myriad_ext_device*>(api_.get_extension(instance_, MYRIAD_EXT_DEVICE));
  sink_ = static_cast<const myriad_ext_sink*>(api_.get_extension(instance_, MYRIAD_EXT_SINK));
  processor_ = static_cast<const myriad_ext_processor*>(api_.get_extension(instance_, MYRIAD_EXT_PROCESSOR));
  if (sink_ && !MYRIAD_HAS(sink_, myriad_ext_sink, deliver)) sink_ = nullptr;
  if (processor_ && !MYRIAD_HAS(processor_, myriad_ext_processor, process)) processor_ = nullptr;
}

Outcome Runner::start() {
  auto outcome = called([&](myriad_error* e) { return api_.start(instance_, e); });
  started_ = outcome.ok();
  return outcome;
}

bool Runner::destroy() {
  if (!instance_) return true;
  if (std::exchange(started_, false)) api_.stop(instance_);
  if (!host_.drain(std::chrono::steady_clock::now() + drain_limit)) return false;
  const std::lock_guard lock(mutex_);
  api_.destroy(std::exchange(instance_, nullptr));
  return true;
}

void Runner::cancel() {
  const std::lock_guard lock(mutex_);
  if (instance_) api_.cancel(instance_);
}

Outcome Runner::poll(Nanos deadline) {
  if (!device_ || !MYRIAD_HAS(device_, myriad_ext_device, poll)) return unsupported("poll devices");
  return called([&](myriad_error* e) { return device_->poll(instance_, deadline, e); });
}

Outcome Runner::read(std::uint32_t point, Nanos deadline) {
  if (!device_ || !MYRIAD_HAS(device_, myriad_ext_device, read)) return unsupported("read on demand");
  return called([&](myriad_error* e) { return device_->read(instance_, &point, 1, deadline, e); });
}

Outcome Runner::write(const myriad_batch& one) {
  if (!device_ || !MYRIAD_HAS(device_, myriad_ext_device, write)) return unsupported("write");
  myriad_status each = MYRIAD_E_INTERNAL;
  auto outcome = called([&](myriad_error* e) {
    const auto status = device_->write(instance_, &one, &each, e);
    return status == MYRIAD_OK ? each : status;
  });
  if (outcome.status == MYRIAD_E_INVALID && outcome.message.empty()) outcome.message = "the device refuses this value";
  return outcome;
}

Outcome Runner::deliver(const myriad_batch& batch) {
  return called([&](myriad_error* e) { return sink_->deliver(instance_, &batch, e); });
}

Outcome Runner::process(const myriad_batch& batch) {
  return called([&](myriad_error* e) { return processor_->process(instance_, &batch, e); });
}

Outcome Runner::save(std::string& state) {
  state.clear();
  if (!MYRIAD_HAS(processor_, myriad_ext_processor, save)) return {};
  const auto write = [](void* user, const void* data, std::size_t size) {
    static_cast<std::string*>(user)->append(static_cast<const char*>(data), size);
  };
  return {processor_->save(instance_, write, &state), "its state was not saved"};
}

Outcome Runner::load(std::string_view state) {
  if (state.empty() || !MYRIAD_HAS(processor_, myriad_ext_processor, load)) return {};
  return called([&](myriad_error* e) { return processor_->load(instance_, state.data(), state.size(), e); });
}

}  // namespace myriad::plugin_host
