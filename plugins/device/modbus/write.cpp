#include <algorithm>

#include "plugin.h"

namespace modbus {
namespace {

using myriad::Failure;

// Modbus Application Protocol V1.1b3, 6.11 and 6.12.
constexpr std::size_t kMaxBits = 1968, kMaxRegisters = 123;
// How long a write may wait for room in the host's queue; a poll publishes what is left.
constexpr std::int64_t kPatienceNs = 1'000'000'000;

myriad_status status_of(const Answer& answer) {
  switch (answer.outcome) {
    case Outcome::ok:
      return MYRIAD_OK;
    case Outcome::refused:
      if (answer.code == EMBXILVAL) return MYRIAD_E_INVALID;
      return answer.code == EMBXILFUN || answer.code == EMBXILADD ? MYRIAD_E_UNSUPPORTED : MYRIAD_E_UNAVAILABLE;
    case Outcome::absent:
    case Outcome::silent:
    case Outcome::lost:
      return MYRIAD_E_UNAVAILABLE;
    case Outcome::cancelled:
      return MYRIAD_E_CANCELLED;
  }
  return MYRIAD_E_INTERNAL;
}

}  // namespace

// A reading on its way to the equipment. `words`: registers, or one bit.
struct Modbus::Change {
  std::uint32_t reading;  // index into the batch
  std::size_t point;
  const Point& target;
  std::vector<std::uint16_t> words;

  bool is_register_bit() const { return target.format.bit.has_value(); }
  std::uint16_t mask() const {
    return in_order(static_cast<std::uint16_t>(1u << *target.format.bit), target.format.bytes);
  }
  // Do the registers of the equipment hold what was written?
  bool holds(std::span<const std::uint16_t> found) const {
    return is_register_bit() ? (found[0] & mask()) == words[0] : std::ranges::equal(found, words);
  }
  // Can it go in one request with the one before?
  bool follows(const Change& before) const {
    const Place &a = before.target.place, &b = target.place;
    return !is_register_bit() && !before.is_register_bit() && a.unit == b.unit && a.table == b.table &&
           a.address + a.count == b.address;
  }
};

void Modbus::write(const myriad::BatchView& batch, std::span<myriad_status> each) {
  const Turn turn(*this, host().now_ns() + kPatienceNs);
  std::ranges::fill(each, MYRIAD_E_UNAVAILABLE);
  require_link();
  std::optional<Failure> first;
  const auto changes = changes_of(batch, each, first);
  Answer lost;
  for (std::size_t begin = 0, end = 0; begin < changes.size(); begin = end) {
    end = group_end(changes, begin);
    const auto group = std::span(changes).subspan(begin, end - begin);
    const Answer sent = send(group);
    for (const Change& change : group) {
      const Answer answer = sent.ok() ? confirm(change) : sent;
      each[change.reading] = status_of(answer);
      if (!answer.ok() && !first) first.emplace(status_of(answer), answer.reason, answer.code);
      if (answer.outcome == Outcome::lost) lost = answer;
    }
  }
  if (!lost.ok()) lose(lost);
  flush();
  report();
  if (first) throw *first;
}

// What can be written; the rest has its status in `each`, and `first` says why.
std::vector<Modbus::Change> Modbus::changes_of(const myriad::BatchView& batch, std::span<myriad_status> each,
                                               std::optional<Failure>& first) const {
  std::vector<Change> out;
  for (std::uint32_t i = 0; i < batch.size(); ++i) try {
      out.push_back(change_of(batch, i));
    } catch (const Failure& failure) {
      each[i] = failure.status();
      if (!first) first = failure;
    }
  return out;
}

Modbus::Change Modbus::change_of(const myriad::BatchView& batch, std::uint32_t index) const {
  const myriad_reading& reading = batch[index];
  const auto found = points_.find(reading.point);
  if (found == points_.end())
    throw Failure(MYRIAD_E_INVALID, "point " + std::to_string(reading.point) + " is none of this instance's");
  const Point& target = settings_.points[found->second];
  const std::string name = target.thing + "/" + target.property;
  if (!target.writable) throw Failure(MYRIAD_E_UNSUPPORTED, "'" + name + "' is read-only: set writable for this point");
  const auto text = reading.type >= MYRIAD_TEXT ? batch.text(reading) : std::string_view();
  try {
    return {index, found->second, target, encode(target.format, reading, text)};
  } catch (const Failure& failure) {
    throw Failure(failure.status(), name + ": " + failure.what());
  }
}

std::size_t Modbus::group_end(std::span<const Change> changes, std::size_t begin) {
  const std::size_t most = is_bits(changes[begin].target.place.table) ? kMaxBits : kMaxRegisters;
  std::size_t end = begin + 1, size = changes[begin].words.size();
  while (end < changes.size() && changes[end].follows(changes[end - 1]) && size + changes[end].words.size() <= most)
    size += changes[end++].words.size();
  return end;
}

Answer Modbus::send(std::span<const Change> group) {
  const Place& place = group[0].target.place;
  if (group[0].is_register_bit()) return send_bit(group[0]);
  std::vector<std::uint16_t> words;
  for (const auto& change : group) words.insert(words.end(), change.words.begin(), change.words.end());
  if (!is_bits(place.table)) return ask([&] { return client_.write(place.unit, place.address, words); });
  const std::vector<std::uint8_t> bits(words.begin(), words.end());
  return ask([&] { return client_.write(place.unit, place.address, bits); });
}

// In one request where the unit can do that; else another master may change the register in between.
Answer Modbus::send_bit(const Change& change) {
  const Place& place = change.target.place;
  const auto keep = static_cast<std::uint16_t>(~change.mask());
  Unit& unit = *std::ranges::find(units_, place.unit, &Unit::id);
  if (unit.masks) {
    Answer answer = ask([&] { return client_.mask(place.unit, place.address, keep, change.words[0]); });
    if (answer.code != EMBXILFUN) return answer;
    unit.masks = false;
  }
  std::uint16_t word = 0;
  const Request request{place.unit, place.table, place.address, 1, 0, 0, 0};
  if (Answer answer = ask([&] { return client_.read(request, &word, nullptr); }); !answer.ok()) return answer;
  word = static_cast<std::uint16_t>((word & keep) | change.words[0]);
  return ask([&] { return client_.write(place.unit, place.address, std::span<const std::uint16_t>(&word, 1)); });
}

// Publishes what the equipment now holds: read back, or taken to be what was written. A register of which one bit was
// written is always read, since nobody knows its other bits.
Answer Modbus::confirm(const Change& change) {
  const Place& place = change.target.place;
  if (!change.target.read_back && !change.is_register_bit()) {
    image_->add_written(change.point, change.words, host().now_ns(), batch_);
    return {};
  }
  std::vector<std::uint16_t> found(place.count);
  std::uint8_t bit = 0;
  const Request request{place.unit, place.table, place.address, place.count, 0, 0, 0};
  Answer answer = ask([&] { return client_.read(request, found.data(), &bit); });
  if (!answer.ok()) {
    answer.reason += " (when reading back what was written)";
    return answer;
  }
  if (is_bits(place.table)) found[0] = bit;
  image_->add_written(change.point, found, host().now_ns(), batch_);
  if (change.holds(found)) return {};
  return {
      Outcome::refused, EMBXILVAL,
      change.target.thing + "/" + change.target.property + ": the equipment took the write but holds another value"};
}

}  // namespace modbus
