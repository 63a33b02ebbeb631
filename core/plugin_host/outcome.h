// What a call into a plugin came to, and how statuses of the ABI and codes of the core translate. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "myriad/plugin.h"

namespace myriad::plugin_host {

struct Outcome {
  myriad_status status = MYRIAD_OK;
  std::string message = {};

  bool ok() const { return status == MYRIAD_OK; }
};

enum class Meaning : std::uint8_t {
  fine,       // OK
  later,      // AGAIN, CANCELLED: nothing is wrong with the equipment
  away,       // UNAVAILABLE, TIMEOUT: the equipment or peer is
  broken,     // INTERNAL and what we do not know: a restart may help
  misplaced,  // INVALID, UNSUPPORTED, DENIED: only a person can help
};
Meaning meaning(myriad_status);

// "ok", "unavailable", …; a status that we do not know counts as "internal".
std::string_view status_name(myriad_status);
Error to_error(const Outcome&);
myriad_status to_status(Code);

// Plugins begin a complaint about their configuration with its place: "/points/0/address: …" becomes the field
// "/config/points/0/address".
Error config_error(const Outcome&);

}  // namespace myriad::plugin_host
