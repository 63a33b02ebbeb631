// Merges the places of points into as few read requests as the protocol allows, and splits a refused request.
// Pure: any thread.
//
// A plan reads into two images, one of registers and one of bits: the answer to a request lands at its `image`, and
// every slot knows where in the image its value begins. Splitting a request moves nothing in the images.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace modbus {

enum class Table : std::uint8_t { coil, discrete_input, holding, input };

constexpr bool is_bits(Table table) {
  return table == Table::coil || table == Table::discrete_input;
}
constexpr bool is_writable(Table table) {
  return table == Table::coil || table == Table::holding;
}

// Where a point's value lies: `count` registers or bits.
struct Place {
  std::uint8_t unit;
  Table table;
  std::uint16_t address, count;
};

// Modbus Application Protocol V1.1b3, 6.1 to 6.4: at most 2000 bits or 125 registers at once.
struct Limits {
  unsigned bits = 2000, registers = 125;
  unsigned max_gap = 0;  // unused addresses worth reading to save a request
};

struct Slot {
  std::uint32_t place;  // index into the places
  std::uint32_t image;  // where its value begins
  std::uint16_t address, count;
};

struct Request {
  std::uint8_t unit;
  Table table;
  std::uint16_t address, count;
  std::uint32_t image;        // where its answer lands
  std::uint32_t first, last;  // its slots: [first, last)
};

struct Plan {
  std::vector<Request> requests;        // by unit, table, address
  std::vector<Slot> slots;              // in the order of the requests
  std::size_t registers = 0, bits = 0;  // sizes of the images
};

// Requires that no place is longer than the limit of its table or ends past address 65535.
Plan make_plan(std::span<const Place> places, const Limits& limits);

// Smaller requests for the same slots: without the gaps when there are any, else the two halves. Empty when the
// request cannot be made smaller.
std::vector<Request> split(const Request& request, std::span<const Slot> slots);

}  // namespace modbus
