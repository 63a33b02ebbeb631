#include "app/options.h"

#include <Poco/AutoPtr.h>
#include <Poco/Exception.h>
#include <Poco/NumberParser.h>
#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/LayeredConfiguration.h>
#include <Poco/Util/MapConfiguration.h>
#include <Poco/Util/Option.h>
#include <Poco/Util/OptionProcessor.h>
#include <Poco/Util/OptionSet.h>
#include <Poco/Util/PropertyFileConfiguration.h>

#include <sstream>

namespace myriad::app {
namespace {

using Poco::Util::Option;

Poco::Util::OptionSet option_set() {
  const auto valued = [](const char* name, const char* what, const char* value) {
    return Option(name, "", what, false).argument(value);
  };
  Poco::Util::OptionSet set;
  set.addOption(
      valued("config", "a properties file with the names below as keys, for instance 'listen = 0.0.0.0:8443'", "FILE"));
  set.addOption(valued("data", "where everything is kept (myriad-data)", "DIR"));
  set.addOption(valued("listen", "address and port; port 0 picks a free one (127.0.0.1:8443)", "HOST:PORT"));
  set.addOption(
      valued("tls", "'on' (a certificate is made at first start) or 'off', which only loopback may use", "on|off"));
  set.addOption(valued("certificate", "PEM certificate chain to serve instead of the site's own", "FILE"));
  set.addOption(valued("key", "PEM key of that certificate", "FILE"));
  set.addOption(valued("ready-file", "written when the daemon answers: {\"url\",\"pid\"}", "FILE"));
  set.addOption(valued("plugins", "folders with plugins, separated by ':' (beside the program)", "DIRS"));
  set.addOption(valued("unsigned-plugins",
                       "packages that nobody trusted signed: 'refuse' them, 'warn' of them or 'allow' them (refuse)",
                       "refuse|warn|allow"));
  set.addOption(valued("log", "debug, info, warn or error (info); SIGHUP reads it again from the file", "LEVEL"));
  set.addOption(valued("spine-megabytes", "the spine keeps at most so much (1024)", "N"));
  set.addOption(valued("spine-hours", "and for so long (168)", "N"));
  set.addOption(valued("durability",
                       "'full': what was acknowledged survives a power failure; 'normal': a crash of the daemon (full)",
                       "full|normal"));
  set.addOption(valued("commit-ms", "readings wait at most so long to be written together (20)", "N"));
  set.addOption(valued("commit-kilobytes", "or until so much waits (1536)", "N"));
  set.addOption(Option("help", "h", "this text", false));
  return set;
}

Error refuse(const std::string& option, const std::string& value, const std::string& remedy) {
  return {Code::invalid, "--" + option + " " + value + ": " + remedy, option};
}

Result<Level> parse_level(const std::string& text) {
  const std::pair<const char*, Level> levels[] = {
      {"debug", Level::debug}, {"info", Level::info}, {"warn", Level::warn}, {"error", Level::error}};
  for (const auto& [name, level] : levels)
    if (text == name) return level;
  return refuse("log", text, "use debug, info, warn or error");
}

Result<spine::Durability> parse_durability(const std::string& text) {
  for (const auto durability : {spine::Durability::full, spine::Durability::normal})
    if (text == spine::durability_name(durability)) return durability;
  return refuse("durability", text, "use full or normal");
}

Result<plugin_host::UnsignedPolicy> parse_policy(const std::string& text) {
  using plugin_host::UnsignedPolicy;
  for (const auto policy : {UnsignedPolicy::refuse, UnsignedPolicy::warn, UnsignedPolicy::allow})
    if (text == plugin_host::policy_name(policy)) return policy;
  return refuse("unsigned-plugins", text, "use refuse, warn or allow");
}

Result<std::uint64_t> parse_number(const Poco::Util::AbstractConfiguration& given, const std::string& option,
                                   std::uint64_t usual, std::uint64_t least, std::uint64_t most) {
  const std::string text = given.getString(option, std::to_string(usual));
  Poco::UInt64 number = 0;
  if (Poco::NumberParser::tryParseUnsigned64(text, number) && number >= least && number <= most) return number;
  return refuse(option, text, "use a number from " + std::to_string(least) + " to " + std::to_string(most));
}

bool is_loopback(const std::string& host) {
  return host.starts_with("127.") || host == "localhost" || host == "::1";
}

// "127.0.0.1:80", "[::1]:80", ":80".
Status parse_listen(const std::string& text, ServeOptions& out) {
  const auto colon = text.rfind(':');
  unsigned port = 0;
  if (colon == std::string::npos || !Poco::NumberParser::tryParseUnsigned(text.substr(colon + 1), port) ||
      port > 65'535)
    return refuse("listen", text, "write HOST:PORT, for instance 127.0.0.1:8443");
  out.host = text.substr(0, colon);
  if (out.host.starts_with('[') && out.host.ends_with(']')) out.host = out.host.substr(1, out.host.size() - 2);
  if (out.host.empty()) out.host = "127.0.0.1";
  out.port = static_cast<std::uint16_t>(port);
  return {};
}

std::vector<std::filesystem::path> split_folders(const std::string& text) {
  std::vector<std::filesystem::path> folders;
  std::istringstream stream(text);
  for (std::string folder; std::getline(stream, folder, ':');)
    if (!folder.empty()) folders.emplace_back(folder);
  return folders;
}

Status interpret_spine(const Poco::Util::AbstractConfiguration& given, ServeOptions& out) {
  const auto durability = parse_durability(given.getString("durability", "full"));
  if (!durability) return durability.error();
  out.durability = *durability;
  struct Number {
    const char* option;
    std::uint64_t& value;
    std::uint64_t least, most;
  };
  const Number numbers[] = {{"spine-megabytes", out.spine_megabytes, 1, std::uint64_t{1} << 30},
                            {"spine-hours", out.spine_hours, 1, 24 * 36'500},
                            {"commit-ms", out.commit_ms, 1, 10'000},
                            {"commit-kilobytes", out.commit_kilobytes, 1, 32'768}};
  for (const auto& [option, value, least, most] : numbers) {
    const auto number = parse_number(given, option, value, least, most);
    if (!number) return number.error();
    value = *number;
  }
  return {};
}

Result<ServeOptions> interpret(const Poco::Util::AbstractConfiguration& given) {
  ServeOptions out;
  out.config = given.getString("config", "");
  out.data = given.getString("data", out.data.string());
  if (auto ok = parse_listen(given.getString("listen", "127.0.0.1:8443"), out); !ok) return ok.error();
  const std::string tls = given.getString("tls", "on");
  if (tls != "on" && tls != "off") return refuse("tls", tls, "use on or off");
  out.tls = tls == "on";
  if (!out.tls && !is_loopback(out.host))
    return refuse(
        "tls", "off",
        "only loopback may go without TLS, and " + out.host + " is not: use --tls on, or --listen 127.0.0.1:PORT");
  out.certificate = given.getString("certificate", "");
  out.key = given.getString("key", "");
  if (out.certificate.empty() != out.key.empty())
    return refuse("certificate", out.certificate.string(), "give --certificate and --key together");
  out.ready_file = given.getString("ready-file", "");
  out.plugins = split_folders(given.getString("plugins", ""));
  const auto policy = parse_policy(given.getString("unsigned-plugins", "refuse"));
  if (!policy) return policy.error();
  out.unsigned_plugins = *policy;
  const auto level = parse_level(given.getString("log", "info"));
  if (!level) return level.error();
  out.log_level = *level;
  if (auto ok = interpret_spine(given, out); !ok) return ok.error();
  return out;
}

}  // namespace

Result<ServeOptions> parse_serve(const std::vector<std::string>& args) {
  try {
    const auto options = option_set();
    Poco::Util::OptionProcessor processor(options);
    processor.setUnixStyle(true);
    Poco::AutoPtr<Poco::Util::MapConfiguration> line(new Poco::Util::MapConfiguration);
    for (const auto& arg : args) {
      std::string name, value;
      if (!processor.process(arg, name, value))
        return refuse(arg, "", "options start with --; see myriad serve --help");
      if (name == "help") {
        ServeOptions help;
        help.help = true;
        return help;
      }
      if (!name.empty()) line->setString(name, value);  // empty: its value is the next argument
    }
    processor.checkRequired();

    Poco::AutoPtr<Poco::Util::LayeredConfiguration> all(new Poco::Util::LayeredConfiguration);
    all->add(line, 0);
    if (line->has("config")) all->add(new Poco::Util::PropertyFileConfiguration(line->getString("config")), 1);
    return interpret(*all);
  } catch (const Poco::Exception& e) {
    return Error{Code::invalid, e.displayText() + "; see myriad serve --help", ""};
  }
}

std::string serve_help() {
  const auto options = option_set();
  Poco::Util::HelpFormatter formatter(options);
  formatter.setCommand("myriad serve");
  formatter.setUsage("[options]");
  formatter.setHeader(
      "Runs the daemon in the foreground until SIGTERM. The first administrator is 'admin'; the password comes from\n"
      "MYRIAD_ADMIN_PASSWORD, or is made at random and printed once.");
  formatter.setUnixStyle(true);
  formatter.setAutoIndent();
  formatter.setWidth(110);
  std::ostringstream text;
  formatter.format(text);
  return text.str();
}

}  // namespace myriad::app
