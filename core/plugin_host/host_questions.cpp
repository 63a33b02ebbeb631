#include "plugin_host/host_questions.h"

#include <array>
#include <cstring>

#include "plugin_runner/codec.h"

namespace myriad::plugin_host {
namespace {

using plugin_runner::raw;
using plugin_runner::Reader;
using plugin_runner::Type;
using plugin_runner::Writer;

std::string error_text(const myriad_error& e) {
  return {e.message, ::strnlen(e.message, sizeof e.message)};
}

myriad_status connection(HostTable& host, Reader& in, std::string&) {
  const bool up = in.number<std::uint8_t>() != 0;
  const auto reason = in.text();
  return in.done() ? host.connection(up, raw(reason)) : MYRIAD_E_INVALID;
}

myriad_status metric(HostTable& host, Reader& in, std::string&) {
  const auto name = in.text();
  const auto value = in.number<double>();
  return in.done() && host.parts().telemetry->set_metric(name, value) ? MYRIAD_OK : MYRIAD_E_INVALID;
}

myriad_status intern(HostTable& host, Reader& in, std::string& answer) {
  const auto thing = in.text(), property = in.text();
  std::uint32_t id = 0;
  const auto status = in.done() ? host.intern(raw(thing), raw(property), &id) : MYRIAD_E_INVALID;
  if (status == MYRIAD_OK) answer = Writer().number(id).bytes();
  return status;
}

myriad_status put_thing(HostTable& host, Reader& in, std::string& answer) {
  const auto thing = in.text(), td = in.text();
  myriad_error error{sizeof(myriad_error), 0, ""};
  const auto status = in.done() ? host.put_thing(raw(thing), raw(td), &error) : MYRIAD_E_INVALID;
  if (status != MYRIAD_OK) answer = error_text(error);
  return status;
}

myriad_status emit(HostTable& host, Reader& in, std::string&) {
  const auto thing = in.text(), event = in.text(), data = in.text();
  const auto time = in.number<std::int64_t>();
  return in.done() ? host.emit(raw(thing), raw(event), raw(data), time) : MYRIAD_E_INVALID;
}

myriad_status select(HostTable& host, Reader& in, std::string& answer) {
  std::vector<myriad_text> patterns;
  for (auto count = in.number<std::uint32_t>(); count > 0 && in.ok(); --count) patterns.push_back(raw(in.text()));
  if (!in.done()) return MYRIAD_E_INVALID;
  myriad_error error{sizeof(myriad_error), 0, ""};
  const auto status = host.select(patterns.data(), static_cast<std::uint32_t>(patterns.size()), &error);
  if (status != MYRIAD_OK) answer = error_text(error);
  return status;
}

myriad_status name(HostTable& host, Reader& in, std::string& answer) {
  const auto point = in.number<std::uint32_t>();
  myriad_text thing{}, property{};
  const auto status = in.done() ? host.name(point, &thing, &property) : MYRIAD_E_INVALID;
  if (status == MYRIAD_OK) answer = Writer().text(thing).text(property).bytes();
  return status;
}

myriad_status unit(HostTable& host, Reader& in, std::string& answer) {
  const auto point = in.number<std::uint32_t>();
  std::array<char, 256> buffer{};
  const auto status = in.done() ? host.unit(point, buffer.data(), buffer.size()) : MYRIAD_E_INVALID;
  answer = buffer.data();
  return status;
}

myriad_status kv_put(HostTable& host, Reader& in, std::string&) {
  const auto key = in.text(), value = in.text();
  return in.done() ? host.kv_put(raw(key), value.data(), value.size()) : MYRIAD_E_INVALID;
}

myriad_status kv_get(HostTable& host, Reader& in, std::string& answer) {
  const auto key = in.text();
  const auto found = [](void* user, const void* data, std::size_t size) {
    static_cast<std::string*>(user)->assign(static_cast<const char*>(data), size);
  };
  return in.done() ? host.kv_get(raw(key), found, &answer) : MYRIAD_E_INVALID;
}

myriad_status timer_set(HostTable& host, Reader& in, std::string&) {
  const auto id = in.number<std::uint64_t>();
  const auto first = in.number<std::int64_t>(), period = in.number<std::int64_t>();
  return in.done() ? host.set_timer(id, first, period, {}) : MYRIAD_E_INVALID;
}

myriad_status timer_cancel(HostTable& host, Reader& in, std::string&) {
  const auto id = in.number<std::uint64_t>();
  return in.done() ? host.cancel_timer(id) : MYRIAD_E_INVALID;
}

myriad_status secret_get(HostTable& host, Reader& in, std::string& answer) {
  const auto name = in.text();
  const auto found = [](void* user, const void* data, std::size_t size) {
    static_cast<std::string*>(user)->assign(static_cast<const char*>(data), size);
  };
  myriad_error error{sizeof(myriad_error), 0, ""};
  const auto status = in.done() ? host.secret(raw(name), found, &answer, &error) : MYRIAD_E_INVALID;
  if (status != MYRIAD_OK) answer = error_text(error);
  return status;
}

myriad_status history_query(HostTable& host, Reader& in, std::string& answer) {
  myriad_history_query q{};
  q.struct_size = sizeof q;
  q.point = in.number<std::uint32_t>();
  for (auto* time : {&q.from_ns, &q.to_ns, &q.step_ns}) *time = in.number<std::int64_t>();
  q.aggregate = in.number<std::uint32_t>();
  q.limit = in.number<std::uint32_t>();
  const auto found = [](void* user, const myriad_batch* batch) {
    *static_cast<std::string*>(user) = Writer().batch(*batch).bytes();
  };
  myriad_error error{sizeof(myriad_error), 0, ""};
  const auto status = in.done() ? host.history(q, found, &answer, &error) : MYRIAD_E_INVALID;
  if (status != MYRIAD_OK) answer = error_text(error);
  return status;
}

}  // namespace

myriad_status answer_question(HostTable& host, Type type, std::string_view payload, std::string& answer) {
  using Answer = myriad_status (*)(HostTable&, Reader&, std::string&);
  static constexpr std::pair<Type, Answer> answers[] = {{Type::connection, connection},
                                                        {Type::metric, metric},
                                                        {Type::intern, intern},
                                                        {Type::put_thing, put_thing},
                                                        {Type::emit, emit},
                                                        {Type::select, select},
                                                        {Type::name, name},
                                                        {Type::unit, unit},
                                                        {Type::kv_put, kv_put},
                                                        {Type::kv_get, kv_get},
                                                        {Type::timer_set, timer_set},
                                                        {Type::timer_cancel, timer_cancel},
                                                        {Type::secret_get, secret_get},
                                                        {Type::history_query, history_query}};
  Reader in(payload);
  for (const auto& [known, give] : answers)
    if (known == type) return give(host, in, answer);
  return MYRIAD_E_UNSUPPORTED;
}

}  // namespace myriad::plugin_host
