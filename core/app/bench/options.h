// What `myriad bench` is told. Pure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace myriad::app::bench {

enum class What : std::uint8_t { ingest, query, footprint };

struct Options {
  What what = What::ingest;
  bool help = false, json = false;
  std::filesystem::path dir;            // where the temporary folder goes; empty: chosen
  std::uint64_t readings = 20'000'000;  // ingest: to store
  std::uint32_t points = 1'000;         // ingest, footprint: that the simulator has
  std::uint32_t seconds = 20;           // ingest: store for at most so long; footprint: for so long
  std::uint32_t days = 365;             // query: the year of 1-min data
  bool alone = false;                   // ingest: without sizes, baselines, queries and footprint
};

// `args` without the program and "bench". Unknown options and values out of range are refused.
Result<Options> parse(const std::vector<std::string>& args);
std::string help();
std::string help(What);

}  // namespace myriad::app::bench
