#include "app/logging.h"

#include <Poco/AsyncChannel.h>
#include <Poco/AutoPtr.h>
#include <Poco/ConsoleChannel.h>
#include <Poco/FormattingChannel.h>
#include <Poco/Message.h>
#include <Poco/PatternFormatter.h>

#include <iostream>

namespace myriad::app {
namespace {

Poco::Message::Priority priority(Level level) {
  switch (level) {
    case Level::debug:
      return Poco::Message::PRIO_DEBUG;
    case Level::info:
      return Poco::Message::PRIO_INFORMATION;
    case Level::warn:
      return Poco::Message::PRIO_WARNING;
    case Level::error:
      return Poco::Message::PRIO_ERROR;
  }
  return Poco::Message::PRIO_ERROR;
}

// A log line stays one line, whatever a device or a peer put into it.
std::string one_line(std::string_view text) {
  std::string line(text.substr(0, 4'096));
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return line;
}

}  // namespace

struct Logging::Channels {
  explicit Channels(Level initial) : level(initial) {
    Poco::AutoPtr<Poco::PatternFormatter> format(new Poco::PatternFormatter("%Y-%m-%dT%H:%M:%S.%iZ %p %s: %t"));
    Poco::AutoPtr<Poco::ConsoleChannel> console(new Poco::ConsoleChannel(std::cerr));
    Poco::AutoPtr<Poco::FormattingChannel> formatted(new Poco::FormattingChannel(format, console));
    async = new Poco::AsyncChannel(formatted);
    async->setProperty("queueSize", "10000");  // beyond it the oldest lines go, and the log says how many
    async->open();
  }
  ~Channels() { async->close(); }

  std::atomic<Level> level;
  Poco::AutoPtr<Poco::AsyncChannel> async;
};

Logging::Logging(Level level) : channels_(std::make_shared<Channels>(level)) {}
Logging::~Logging() = default;

Log Logging::log(std::string source) const {
  return Log(
      [channels = channels_](Level level, std::string_view from, std::string_view text) {
        if (level < channels->level.load()) return;
        channels->async->log(Poco::Message(std::string(from), one_line(text), priority(level)));
      },
      std::move(source));
}

void Logging::close() {
  channels_->async->close();
}

void Logging::set_level(Level level) {
  channels_->level.store(level);
}

}  // namespace myriad::app
