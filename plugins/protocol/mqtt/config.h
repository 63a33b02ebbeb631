// The configuration of one instance, checked and typed. Pure; values last as long as their owner.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "topics.h"

namespace mqtt {

enum class Version { v311, v5 };
enum class Type { automatic, boolean, integer, number, text };
enum class TimeUnit { automatic, s, ms, us, ns };
enum class PayloadForm { json, value };

// How one value leaves a payload.
struct ValueRule {
  Template property;
  nlohmann::json::json_pointer pointer;  // empty: the whole payload
  Type type = Type::automatic;
  double scale = 1, offset = 0;
  std::string unit;
};

struct Subscription {
  std::string topic;  // the filter, as sent to the broker
  int qos = 0;
  Template thing;
  std::vector<ValueRule> values;  // at least one
  bool timed = false;             // false: readings take the time of arrival
  nlohmann::json::json_pointer time;
  TimeUnit time_unit = TimeUnit::automatic;
};

struct Publication {
  std::vector<std::string> points;
  std::string topic;  // with {thing} and {property}
  int qos = 0;
  bool retain = false, sequence = false;
  PayloadForm payload = PayloadForm::json;
};

struct Tls {
  bool enabled = false, verify = true;
  std::string ca_file, cert_file, key_file;
};

struct HomeAssistant {
  bool enabled = false;
  std::string prefix;
};

struct Options {
  std::string host, client_id, username, password;
  std::string password_secret;  // the secret that holds the password; empty: none
  int port = 0;
  Version version = Version::v311;
  std::chrono::seconds keepalive{};
  bool clean_session = false;
  std::uint32_t session_expiry_s = 0;
  std::chrono::milliseconds connect_timeout{}, reconnect_min{}, reconnect_max{}, publish_timeout{};
  Tls tls;
  std::size_t max_payload_bytes = 0, max_things = 0, max_points = 0, max_inflight = 0;
  bool echo = false;
  std::vector<Subscription> subscribe;
  std::vector<Publication> publish;
  HomeAssistant home_assistant;
};

// Throws myriad::Failure INVALID, which names the place and the remedy.
Options parse_options(std::string_view config_json);

}  // namespace mqtt
