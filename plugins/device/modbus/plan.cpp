#include "plan.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace modbus {
namespace {

unsigned end_of(const Slot& slot) {
  return unsigned{slot.address} + slot.count;
}
unsigned end_of(const Request& request) {
  return unsigned{request.address} + request.count;
}

// Takes the slot into the request, which begins no later than the slot.
void take(Request& request, const Slot& slot) {
  request.count = static_cast<std::uint16_t>(std::max(end_of(request), end_of(slot)) - request.address);
  ++request.last;
}

bool fits(const Request& request, const Place& place, const Limits& limits) {
  if (request.unit != place.unit || request.table != place.table) return false;
  if (place.address > end_of(request) + limits.max_gap) return false;
  const unsigned end = std::max(end_of(request), unsigned{place.address} + place.count);
  return end - request.address <= (is_bits(place.table) ? limits.bits : limits.registers);
}

std::vector<std::uint32_t> by_address(std::span<const Place> places) {
  std::vector<std::uint32_t> order(places.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(
      order, {}, [&](std::uint32_t i) { return std::tuple(places[i].unit, places[i].table, places[i].address); });
  return order;
}

Request starting_at(const Request& whole, const Slot& slot, std::uint32_t index) {
  return {whole.unit, whole.table, slot.address, slot.count, slot.image, index, index + 1};
}

std::vector<Request> without_gaps(const Request& whole, std::span<const Slot> slots) {
  std::vector<Request> out{starting_at(whole, slots[whole.first], whole.first)};
  for (auto i = whole.first + 1; i < whole.last; ++i)
    if (slots[i].address <= end_of(out.back()))
      take(out.back(), slots[i]);
    else
      out.push_back(starting_at(whole, slots[i], i));
  return out;
}

Request part(const Request& whole, std::span<const Slot> slots, std::uint32_t first, std::uint32_t last) {
  Request out = starting_at(whole, slots[first], first);
  for (auto i = first + 1; i < last; ++i) take(out, slots[i]);
  return out;
}

// The boundary between two addresses that is nearest to the middle; `first` when all slots begin at one address.
std::uint32_t middle(const Request& whole, std::span<const Slot> slots) {
  const auto half = whole.first + (whole.last - whole.first) / 2;
  const auto parts = [&](std::uint32_t i) { return i > whole.first && slots[i].address != slots[i - 1].address; };
  for (auto i = half; i > whole.first; --i)
    if (parts(i)) return i;
  for (auto i = half; i < whole.last; ++i)
    if (parts(i)) return i;
  return whole.first;
}

}  // namespace

Plan make_plan(std::span<const Place> places, const Limits& limits) {
  Plan plan;
  for (const auto index : by_address(places)) {
    const Place& place = places[index];
    const auto at = static_cast<std::uint32_t>(plan.slots.size());
    auto& image = is_bits(place.table) ? plan.bits : plan.registers;
    if (plan.requests.empty() || !fits(plan.requests.back(), place, limits)) {
      const auto free = static_cast<std::uint32_t>(image);
      plan.requests.push_back({place.unit, place.table, place.address, 0, free, at, at});
    }
    Request& request = plan.requests.back();
    const auto offset = static_cast<std::uint32_t>(place.address - request.address);
    plan.slots.push_back({index, request.image + offset, place.address, place.count});
    take(request, plan.slots.back());
    image = request.image + request.count;
  }
  return plan;
}

std::vector<Request> split(const Request& request, std::span<const Slot> slots) {
  auto out = without_gaps(request, slots);
  if (out.size() > 1) return out;
  const auto at = middle(request, slots);
  if (at == request.first) return {};
  return {part(request, slots, request.first, at), part(request, slots, at, request.last)};
}

}  // namespace modbus
