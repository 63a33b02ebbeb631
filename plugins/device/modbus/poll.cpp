#include <unordered_set>

#include "plugin.h"

namespace modbus {
namespace {

using myriad::Failure;

// A part of the range may be readable: some address is unknown, or the range is too long for this device.
bool may_split(int code) {
  return code == EMBXILADD || code == EMBXILVAL;
}

const char* name(Table table) {
  switch (table) {
    case Table::coil:
      return "coil";
    case Table::discrete_input:
      return "discrete_input";
    case Table::holding:
      return "holding";
    case Table::input:
      return "input";
  }
  return "";
}

std::string shown(const Request& request) {
  return std::string(name(request.table)) + " " + std::to_string(request.address) + " to " +
         std::to_string(request.address + request.count - 1);
}

}  // namespace

void Modbus::poll(std::int64_t deadline_ns) {
  const Turn turn(*this, deadline_ns);
  sweep([](const Request&) { return true; });
}

void Modbus::read(std::span<const std::uint32_t> points, std::int64_t deadline_ns) {
  const Turn turn(*this, deadline_ns);
  const std::unordered_set<std::uint32_t> ids(points.begin(), points.end());
  sweep([&](const Request& request) {
    const auto first = plan_.slots.begin() + request.first, last = plan_.slots.begin() + request.last;
    return std::any_of(first, last, [&](const Slot& slot) { return ids.contains(ids_[slot.place]); });
  });
}

template <class Wanted>
void Modbus::sweep(Wanted wanted) {
  publish();
  require_link();
  for (std::size_t i = 0; i < live_.size();) {
    if (host().now_ns() >= deadline_ns_) stop_at(i);
    i = wanted(live_[i].request) ? visit(i) : i + 1;
    if (batch_.size() >= kBatch) publish();
  }
  if (all_away()) lose({Outcome::silent, 0, reason_});
  publish();
  report();
}

// The deadline passed: what was read is published, the rest waits for the next poll.
void Modbus::stop_at(std::size_t index) {
  publish();
  throw Failure(MYRIAD_E_TIMEOUT, "the deadline passed before request " + std::to_string(index + 1) + " of " +
                                      std::to_string(live_.size()) + ": poll less often or read fewer points");
}

// Asks one request. The index of the next: the same again when it was split.
std::size_t Modbus::visit(std::size_t index) {
  Live& live = live_[index];
  Unit& unit = units_[live.unit];
  if (!unit.retry.due() || !live.retry.due()) return index + 1;
  const Request& request = live.request;
  const Answer answer = ask([&] {
    return is_bits(request.table) ? client_.read(request, nullptr, image_->bits(request))
                                  : client_.read(request, image_->registers(request), nullptr);
  });
  switch (answer.outcome) {
    case Outcome::ok:
      answered(unit);
      live.retry.reset();
      image_->add_good(request, host().now_ns(), batch_);
      return index + 1;
    case Outcome::refused:
      answered(unit);
      if (may_split(answer.code) && split_up(index)) return index;
      refuse(live, answer);
      return index + 1;
    case Outcome::absent:
    case Outcome::silent:
      leave(unit, answer);
      return index + 1;
    case Outcome::lost:
      lose(answer);
    case Outcome::cancelled:
      throw Failure(MYRIAD_E_CANCELLED, answer.reason);
  }
  return index + 1;
}

// Replaces a request by smaller ones for as long as the link lasts.
bool Modbus::split_up(std::size_t index) {
  const Live whole = live_[index];
  const auto parts = split(whole.request, plan_.slots);
  if (parts.empty()) return false;
  std::vector<Live> lives;
  for (const auto& part : parts) lives.push_back({part, whole.unit, backoff()});
  const auto at = live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(index));
  live_.insert(at, lives.begin(), lives.end());
  return true;
}

void Modbus::refuse(Live& live, const Answer& answer) {
  live.retry.fail(random_);
  if (image_->add_bad(live.request, host().now_ns(), batch_)) host().warn(answer.reason + ": " + shown(live.request));
}

void Modbus::answered(Unit& unit) {
  if (unit.away) host().info(settings_.address() + " unit " + std::to_string(unit.id) + " answers again");
  unit.away = false;
  unit.retry.reset();
  if (std::exchange(up_, true)) return;
  retry_.reset();
  host().connected();
}

void Modbus::leave(Unit& unit, const Answer& answer) {
  if (!std::exchange(unit.away, true)) host().warn(answer.reason);
  unit.retry.fail(random_);
  reason_ = answer.reason;
  const auto now = host().now_ns();
  for (const auto& live : live_)
    if (&units_[live.unit] == &unit) image_->add_bad(live.request, now, batch_);
}

bool Modbus::all_away() const {
  return std::ranges::all_of(units_, &Unit::away);
}

// Between attempts to connect nobody waits for the device.
void Modbus::require_link() {
  if (client_.is_open() || retry_.due()) return;
  throw Failure(MYRIAD_E_UNAVAILABLE, reason_ + " (next attempt in " + std::to_string(retry_.left().count()) + " ms)");
}

void Modbus::lose(const Answer& answer) {
  const auto now = host().now_ns();
  for (const auto& live : live_) image_->add_bad(live.request, now, batch_);
  client_.close();
  make_live();
  retry_.fail(random_);
  up_ = false;
  reason_ = answer.reason;
  host().disconnected(reason_);
  report();
  flush();
  throw Failure(MYRIAD_E_UNAVAILABLE, reason_, answer.code);
}

}  // namespace modbus
