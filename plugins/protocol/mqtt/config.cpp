#include "config.h"

#include <mosquitto.h>

#include <myriad/config.hpp>

namespace mqtt {
namespace {

using myriad::Config;

template <class E>
E choose(const Config& at, std::initializer_list<std::pair<const char*, E>> choices) {
  const auto text = at.as<std::string>();
  std::string known;
  for (const auto& [name, value] : choices) {
    if (text == name) return value;
    known += (known.empty() ? "'" : ", '") + std::string(name) + "'";
  }
  throw at.wrong("'" + text + "' is not one of " + known);
}

std::chrono::milliseconds millis(const Config& config, const char* key) {
  return std::chrono::milliseconds(config.get<std::int64_t>(key));
}

nlohmann::json::json_pointer pointer(const Config& at) {
  try {
    return nlohmann::json::json_pointer(at.as<std::string>());
  } catch (const nlohmann::json::exception&) {
    throw at.wrong("'" + at.as<std::string>() + "' is no JSON pointer: write it as /path/to/value (RFC 6901)");
  }
}

Template name_template(const Config& at, int wildcards) {
  auto out = Template(at.as<std::string>());
  if (out.text().empty()) throw at.wrong("is empty: give a name, or {1} for what the first wildcard matched");
  if (out.highest() > wildcards)
    throw at.wrong("{" + std::to_string(out.highest()) + "} has no wildcard: the topic filter has " +
                   std::to_string(wildcards));
  return out;
}

int read_qos(const Config& config, int highest) {
  const int qos = config.get<int>("qos");
  if (qos < 0 || qos > highest)
    throw config.at("qos").wrong(std::to_string(qos) + " is not from 0 to " + std::to_string(highest));
  return qos;
}

ValueRule read_rule(const Config& config, int wildcards) {
  ValueRule rule;
  rule.property = name_template(config.at("property"), wildcards);
  rule.pointer = pointer(config.at("pointer"));
  rule.type = choose<Type>(config.at("type"), {{"auto", Type::automatic},
                                               {"boolean", Type::boolean},
                                               {"integer", Type::integer},
                                               {"number", Type::number},
                                               {"text", Type::text}});
  rule.scale = config.get<double>("scale");
  rule.offset = config.get<double>("offset");
  rule.unit = config.get<std::string>("unit");
  return rule;
}

std::string read_filter(const Config& config) {
  auto filter = config.get<std::string>("topic");
  if (filter.empty() || filter.find('\0') != std::string::npos ||
      mosquitto_sub_topic_check(filter.c_str()) != MOSQ_ERR_SUCCESS)
    throw config.at("topic").wrong("'" + filter +
                                   "' is no topic filter: '+' stands for one whole level, '#' for the rest");
  return filter;
}

Subscription read_subscription(const Config& config) {
  Subscription out;
  out.topic = read_filter(config);
  out.qos = read_qos(config, 1);
  const int wildcards = count_wildcards(out.topic);
  out.thing = name_template(config.at("thing"), wildcards);
  for (const Config& value : config.list("values")) out.values.push_back(read_rule(value, wildcards));
  if (out.values.empty()) {
    ValueRule whole;
    whole.property = name_template(config.at("property"), wildcards);
    out.values.push_back(whole);
  }
  out.timed = !config.get<std::string>("time").empty();
  out.time = pointer(config.at("time"));
  out.time_unit = choose<TimeUnit>(config.at("time_unit"), {{"auto", TimeUnit::automatic},
                                                            {"s", TimeUnit::s},
                                                            {"ms", TimeUnit::ms},
                                                            {"us", TimeUnit::us},
                                                            {"ns", TimeUnit::ns}});
  return out;
}

Publication read_publication(const Config& config) {
  Publication out;
  for (const Config& pattern : config.list("points")) out.points.push_back(pattern.as<std::string>());
  out.topic = config.get<std::string>("topic");
  const auto sample = fill_topic(out.topic, "thing", "property");
  if (sample.empty() || sample.find_first_of("{}") != std::string::npos ||
      mosquitto_pub_topic_check(sample.c_str()) != MOSQ_ERR_SUCCESS)
    throw config.at("topic").wrong("'" + out.topic +
                                   "' is no topic to send to: use plain levels, {thing} and {property}, no wildcards");
  out.qos = read_qos(config, 2);
  out.retain = config.get<bool>("retain");
  out.sequence = config.get<bool>("sequence");
  out.payload = choose<PayloadForm>(config.at("payload"), {{"json", PayloadForm::json}, {"value", PayloadForm::value}});
  return out;
}

Tls read_tls(const Config& config) {
  Tls out{config.get<bool>("enabled"), config.get<bool>("verify"), config.get<std::string>("ca_file"),
          config.get<std::string>("cert_file"), config.get<std::string>("key_file")};
  if (out.cert_file.empty() != out.key_file.empty())
    throw config.wrong("cert_file and key_file belong together: give both or neither");
  return out;
}

HomeAssistant read_home_assistant(const Config& config) {
  HomeAssistant out{config.get<bool>("enabled"), config.get<std::string>("prefix")};
  if (out.prefix.empty() || mosquitto_pub_topic_check(out.prefix.c_str()) != MOSQ_ERR_SUCCESS)
    throw config.at("prefix").wrong("'" + out.prefix + "' is no topic: use plain levels without wildcards");
  return out;
}

void read_connection(const Config& config, Options& out) {
  out.host = config.get<std::string>("host");
  if (out.host.empty()) throw config.at("host").wrong("is empty: give the broker's name or address");
  out.port = config.get<std::uint16_t>("port");
  if (out.port == 0) throw config.at("port").wrong("0 is no port: brokers listen on 1883, or 8883 with TLS");
  out.version = choose<Version>(config.at("version"), {{"3.1.1", Version::v311}, {"5", Version::v5}});
  out.client_id = config.get<std::string>("client_id");
  out.username = config.get<std::string>("username");
  out.password = config.get<std::string>("password");
  out.password_secret = config.get<std::string>("password_secret");
  if (!out.password.empty() && !out.password_secret.empty())
    throw config.at("password_secret").wrong("names a secret, and a password is given too: leave one of them out");
  const bool has_password = !out.password.empty() || !out.password_secret.empty();
  if (out.username.empty() && has_password && out.version == Version::v311)
    throw config.at("username").wrong("is empty, but a password is given: MQTT 3.1.1 sends none without a user name");
  out.keepalive = std::chrono::seconds(config.get<std::uint16_t>("keepalive_s"));
  if (out.keepalive.count() < 5) throw config.at("keepalive_s").wrong("less than 5 s");
  out.clean_session = config.get<bool>("clean_session");
  out.session_expiry_s = config.get<std::uint32_t>("session_expiry_s");
  out.connect_timeout = millis(config, "connect_timeout_ms");
  out.reconnect_min = millis(config, "reconnect_min_ms");
  out.reconnect_max = std::max(out.reconnect_min, millis(config, "reconnect_max_ms"));
  out.tls = read_tls(config.at("tls"));
}

void read_limits(const Config& config, Options& out) {
  out.publish_timeout = millis(config, "publish_timeout_ms");
  out.max_payload_bytes = config.get<std::uint32_t>("max_payload_bytes");
  out.max_things = config.get<std::uint32_t>("max_things");
  out.max_points = config.get<std::uint32_t>("max_points");
  out.max_inflight = config.get<std::uint16_t>("max_inflight");
  if (out.max_inflight == 0) throw config.at("max_inflight").wrong("0 would send nothing: give 1 or more");
}

}  // namespace

Options parse_options(std::string_view config_json) {
  const auto config = Config::parse(config_json);
  Options out;
  read_connection(config, out);
  read_limits(config, out);
  out.echo = config.get<bool>("echo");
  for (const Config& item : config.list("subscribe")) out.subscribe.push_back(read_subscription(item));
  for (const Config& item : config.list("publish")) out.publish.push_back(read_publication(item));
  out.home_assistant = read_home_assistant(config.at("home_assistant"));
  return out;
}

}  // namespace mqtt
