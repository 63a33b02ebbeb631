// The equipment's registers and bits as they were last read, and the readings that they make. Knows for every slot of
// the plan whether it was ever read and whether its quality is bad. One thread at a time; allocates only when made.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config.h"
#include "plan.h"

namespace modbus {

class Image {
 public:
  // `ids`: of the points, in their order. Borrows `points`, which must outlive it.
  Image(std::span<const Point> points, const Plan& plan, std::span<const std::uint32_t> ids);

  // Where the answer to a request lands.
  std::uint16_t* registers(const Request& request) { return registers_.data() + request.image; }
  std::uint8_t* bits(const Request& request) { return bits_.data() + request.image; }

  // Adds the readings of a request that has just been answered.
  void add_good(const Request& request, std::int64_t time_ns, myriad::Batch& batch);
  // Adds last values (0 or "" when there is none) with quality BAD, of those slots that are not bad already.
  // True when there was one.
  bool add_bad(const Request& request, std::int64_t time_ns, myriad::Batch& batch);
  // Takes what was written to a point, or read back, and adds its reading. One register or bit per item.
  void add_written(std::size_t point, std::span<const std::uint16_t> words, std::int64_t time_ns, myriad::Batch& batch);

 private:
  enum class Kind : std::uint8_t { bit, int16, uint16, number, text };
  struct Row {
    std::uint32_t id;     // of the point
    std::uint32_t image;  // where its value begins
    std::uint32_t point;  // index
    Kind kind;
  };
  static Kind kind_of(const Point& point);
  void add(std::size_t slot, std::int64_t time_ns, std::uint16_t quality, myriad::Batch& batch);
  void add_nothing(const Row& row, std::int64_t time_ns, myriad::Batch& batch) const;

  std::span<const Point> points_;
  std::vector<Row> rows_;                 // by slot
  std::vector<std::uint8_t> seen_, bad_;  // by slot
  std::vector<double> finite_;            // by slot: the last finite number of a float
  std::vector<std::uint32_t> slot_of_;    // by point
  std::vector<std::uint16_t> registers_;
  std::vector<std::uint8_t> bits_;
  std::string text_;  // keeps its memory
};

}  // namespace modbus
