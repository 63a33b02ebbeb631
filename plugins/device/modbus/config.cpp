#include "config.h"

#include <set>

namespace modbus {
namespace {

using myriad::Config;

template <class T>
struct Name {
  const char* name;
  T value;
};

template <class T, std::size_t N>
T pick(const Config& config, const char* key, const Name<T> (&names)[N]) {
  const auto given = config.get<std::string>(key);
  std::string known;
  for (const auto& [name, value] : names) {
    if (given == name) return value;
    known += std::string(known.empty() ? "" : ", ") + name;
  }
  throw config.at(key).wrong("'" + given + "' is unknown: use one of " + known);
}

constexpr Name<Table> kTables[] = {{"coil", Table::coil},
                                   {"discrete_input", Table::discrete_input},
                                   {"holding", Table::holding},
                                   {"input", Table::input}};
constexpr Name<Type> kTypes[] = {{"bool", Type::boolean},  {"int16", Type::int16},     {"uint16", Type::uint16},
                                 {"int32", Type::int32},   {"uint32", Type::uint32},   {"int64", Type::int64},
                                 {"uint64", Type::uint64}, {"float32", Type::float32}, {"float64", Type::float64},
                                 {"string", Type::string}};
constexpr Name<Order> kOrders[] = {{"big", Order::big}, {"little", Order::little}};
constexpr Name<char> kParities[] = {{"none", 'N'}, {"even", 'E'}, {"odd", 'O'}};
constexpr Name<bool> kTransports[] = {{"tcp", true}, {"rtu", false}};
constexpr Name<bool> kWriteFunctions[] = {{"auto", true}, {"multiple", false}};

template <class T>
T within(const Config& config, const char* key, T low, T high) {
  const T value = config.get<T>(key);
  if (value < low || value > high)
    throw config.at(key).wrong(std::to_string(value) + ": use " + std::to_string(low) + " to " + std::to_string(high));
  return value;
}

std::chrono::milliseconds milliseconds(const Config& config, const char* key) {
  return std::chrono::milliseconds(within<std::int64_t>(config, key, 1, 86'400'000));
}

// Modbus over Serial Line V1.02, 2.2: 1 to 247; on TCP 0 and 255 address the server itself.
std::uint8_t unit_id(const Config& config, const char* key, bool is_tcp) {
  const auto unit = config.get<unsigned>(key);
  if ((unit >= 1 && unit <= 247) || (is_tcp && (unit == 0 || unit == 255))) return static_cast<std::uint8_t>(unit);
  throw config.at(key).wrong(std::to_string(unit) + ": use 1 to 247" + (is_tcp ? ", 0 or 255" : " on a serial line"));
}

Serial serial(const Config& config) {
  return {config.get<std::string>("device"), config.get<int>("baud"), config.get<int>("data_bits"),
          config.get<int>("stop_bits"), pick(config, "parity", kParities)};
}

Format format(const Config& config) {
  Format out;
  out.type = pick(config, "type", kTypes);
  out.words = pick(config, "word_order", kOrders);
  out.bytes = pick(config, "byte_order", kOrders);
  out.scale = config.get<double>("scale");
  out.offset = config.get<double>("offset");
  if (out.scale == 0) throw config.at("scale").wrong("0 makes every value the same: use another number");
  if (out.type == Type::string) out.length = config.get<std::uint16_t>("length");
  if (config.has("bit")) out.bit = within<std::uint8_t>(config, "bit", 0, 15);
  return out;
}

void check_type(const Config& config, Table table, const Format& format) {
  const bool is_number = format.type != Type::boolean && format.type != Type::string;
  if (is_bits(table) && format.type != Type::boolean)
    throw config.at("type").wrong("table '" + config.get<std::string>("table") + "' holds single bits: use 'bool'");
  if (is_bits(table) && format.bit) throw config.at("bit").wrong("only a register has bits: leave it out");
  if (format.bit && format.type != Type::boolean) throw config.at("bit").wrong("a bit has the type 'bool'");
  if (!is_number && format.scaled()) throw config.wrong("only numbers have a scale and an offset: leave them out");
}

std::uint16_t length_within(const Config& config, const Format& format, Table table, const Limits& limits) {
  const std::uint16_t length = width(format);
  if (length == 0) throw config.at("length").wrong("0: a string has at least one register");
  if (!is_bits(table) && length > limits.registers)
    throw config.wrong(std::to_string(length) + " registers: one request reads " + std::to_string(limits.registers) +
                       " (max_registers)");
  // Modbus Application Protocol V1.1b3, 6.12.
  if (config.get<bool>("writable") && length > 123)
    throw config.at("length").wrong(std::to_string(length) + ": one request writes 123 registers");
  return length;
}

Point point(const Config& config, const Config& instance, bool is_tcp, const Limits& limits) {
  const auto table = pick(config, "table", kTables);
  const auto form = format(config);
  check_type(config, table, form);
  const bool writable = config.get<bool>("writable");
  if (writable && !is_writable(table))
    throw config.at("writable")
        .wrong("table '" + config.get<std::string>("table") +
               "' cannot be written: use 'coil' or 'holding', or leave writable out");
  const Config& unit_owner = config.has("unit_id") ? config : instance;
  const char* unit_key = config.has("unit_id") ? "unit_id" : "unit";
  return {(config.has("thing") ? config : instance).get<std::string>("thing"),
          config.get<std::string>("property"),
          config.find<std::string>("title").value_or(""),
          config.find<std::string>("unit").value_or(""),
          {unit_id(unit_owner, unit_key, is_tcp), table, config.get<std::uint16_t>("address"),
           length_within(config, form, table, limits)},
          form,
          writable,
          (config.has("read_back") ? config : instance).get<bool>("read_back")};
}

// One point, or `count` of them at consecutive addresses, named <property>0, <property>1, ...
void expand(const Config& config, const Point& first, std::vector<Point>& out) {
  const auto count = config.has("count") ? within<std::uint32_t>(config, "count", 1, 65536) : 1;
  const std::uint64_t end = first.place.address + std::uint64_t{count} * first.place.count;
  if (end > 65536)
    throw config.at("address").wrong("the last of its addresses is " + std::to_string(end - 1) + ", past 65535");
  for (std::uint32_t i = 0; i < count; ++i) {
    Point& point = out.emplace_back(first);
    point.place.address = static_cast<std::uint16_t>(first.place.address + i * first.place.count);
    if (!config.has("count")) continue;
    point.property += std::to_string(i);
    if (!point.title.empty()) point.title += " " + std::to_string(i);
  }
}

std::vector<Point> points(const Config& config, bool is_tcp, const Limits& limits) {
  std::vector<Point> out;
  std::set<std::pair<std::string, std::string>> names;
  for (const Config& item : config.list("points")) {
    const auto before = out.size();
    expand(item, point(item, config, is_tcp, limits), out);
    for (auto i = before; i < out.size(); ++i)
      if (!names.emplace(out[i].thing, out[i].property).second)
        throw item.at("property").wrong("'" + out[i].thing + "/" + out[i].property + "' is there twice: rename one");
  }
  if (out.empty()) throw config.at("points").wrong("there is no point: name at least one");
  return out;
}

}  // namespace

std::string Settings::address() const {
  if (!is_tcp) return serial.device;
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

Settings parse(const Config& config) {
  Settings out{};
  out.is_tcp = pick(config, "transport", kTransports);
  if (out.is_tcp) {
    out.host = config.get<std::string>("host");
    out.port = within<std::uint16_t>(config, "port", 1, 65535);
  } else {
    out.serial = serial(config);
  }
  out.timeout = milliseconds(config, "timeout_ms");
  out.reconnect_min = milliseconds(config, "reconnect_min_ms");
  out.reconnect_max = milliseconds(config, "reconnect_max_ms");
  if (out.reconnect_max < out.reconnect_min)
    throw config.at("reconnect_max_ms").wrong("it is below reconnect_min_ms: raise it");
  out.retries = config.get<unsigned>("retries");
  out.limits = {within<unsigned>(config, "max_bits", 1, 2000), within<unsigned>(config, "max_registers", 1, 125),
                within<unsigned>(config, "max_gap", 0, 2000)};
  out.single_writes = pick(config, "write_function", kWriteFunctions);
  out.points = points(config, out.is_tcp, out.limits);
  return out;
}

}  // namespace modbus
