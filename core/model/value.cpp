#include "model/value.h"

#include <openssl/evp.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace myriad::model {
namespace {

template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;  // clang 14 needs it

std::string base64(std::string_view data) {
  std::string out((data.size() + 2) / 3 * 4 + 1, '\0');
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(data.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

}  // namespace

Sample to_sample(BatchView batch, const Reading& r) {
  Sample out{r.time_ns, {}, r.quality};
  switch (r.type) {
    case MYRIAD_BOOL:
      out.value = r.value.i64 != 0;
      break;
    case MYRIAD_I64:
      out.value = r.value.i64;
      break;
    case MYRIAD_U64:
      out.value = r.value.u64;
      break;
    case MYRIAD_F64:
      out.value = r.value.f64;
      break;
    case MYRIAD_TEXT:
      out.value = std::string(batch.text(r));
      break;
    case MYRIAD_BYTES:
      out.value = Bytes{std::string(batch.text(r))};
      break;
    case MYRIAD_JSON:
      out.value = JsonText{std::string(batch.text(r))};
      break;
    default:
      break;  // check() lets no other type in
  }
  return out;
}

void append(Batch& batch, PointId point, const Sample& sample) {
  Reading r{};
  r.time_ns = sample.time;
  r.point = static_cast<std::uint32_t>(point);
  r.quality = sample.quality;
  const auto put_text = [&](std::uint16_t type, std::string_view s) {
    r.type = type;
    r.value.blob = {static_cast<std::uint32_t>(batch.blob.size()), static_cast<std::uint32_t>(s.size())};
    batch.blob.insert(batch.blob.end(), s.begin(), s.end());
  };
  std::visit(Overload{[&](bool v) { r.type = MYRIAD_BOOL, r.value.i64 = v ? 1 : 0; },
                      [&](std::int64_t v) { r.type = MYRIAD_I64, r.value.i64 = v; },
                      [&](std::uint64_t v) { r.type = MYRIAD_U64, r.value.u64 = v; },
                      [&](double v) { r.type = MYRIAD_F64, r.value.f64 = v; },
                      [&](const std::string& v) { put_text(MYRIAD_TEXT, v); },
                      [&](const Bytes& v) { put_text(MYRIAD_BYTES, v.data); },
                      [&](const JsonText& v) { put_text(MYRIAD_JSON, v.text); }},
             sample.value);
  batch.readings.push_back(r);
}

Result<Value> value_from_json(const nlohmann::json& json) {
  using Type = nlohmann::json::value_t;
  switch (json.type()) {
    case Type::boolean:
      return Value(json.get<bool>());
    case Type::number_integer:
      return Value(json.get<std::int64_t>());
    case Type::number_unsigned: {
      const auto v = json.get<std::uint64_t>();
      return v <= INT64_MAX ? Value(static_cast<std::int64_t>(v)) : Value(v);
    }
    case Type::number_float:
      if (std::isfinite(json.get<double>())) return Value(json.get<double>());
      break;
    case Type::string:
      return Value(json.get<std::string>());
    case Type::object:
    case Type::array:
      return Value(JsonText{json.dump()});
    case Type::null:
    case Type::binary:
    case Type::discarded:
      break;
  }
  return Error{Code::invalid,
               "the value is null, NaN or infinite: send a finite number, boolean, text, object or array", "value"};
}

nlohmann::json to_json(const Value& value) {
  return std::visit(Overload{[](const Bytes& v) { return nlohmann::json(base64(v.data)); },
                             [](const JsonText& v) { return nlohmann::json::parse(v.text, nullptr, false); },
                             [](const auto& v) { return nlohmann::json(v); }},
                    value);
}

}  // namespace myriad::model
