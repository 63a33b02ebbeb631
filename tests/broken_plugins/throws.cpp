// Lets a C++ exception leave poll(), past the C edge that plugin.hpp would have kept.
#include <stdexcept>

#include "broken.h"

namespace {

class Throws : public Broken {
 public:
  using Broken::Broken;
  static myriad_status poll_raw(myriad_instance* i, std::int64_t deadline, myriad_error*) {
    reinterpret_cast<Throws*>(i)->poll(deadline);
    return MYRIAD_OK;
  }

 protected:
  void fault() override { throw std::runtime_error("an exception that nobody catches"); }
};

const void* extension(myriad_instance*, const char*) {
  static const myriad_ext_device table{sizeof(myriad_ext_device), 0,       nullptr, &Throws::poll_raw,
                                       nullptr,                   nullptr, nullptr};
  return &table;
}

}  // namespace

extern "C" MYRIAD_EXPORT const myriad_plugin_api* myriad_plugin_entry_v1(std::uint32_t) {
  static const myriad_plugin_api api = [] {
    auto out = myriad::plugin_api<Throws>("throws", "1.0.0");
    out.get_extension = &extension;
    return out;
  }();
  return &api;
}
