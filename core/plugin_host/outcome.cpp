#include "plugin_host/outcome.h"

namespace myriad::plugin_host {
namespace {

Code code_of(myriad_status status) {
  switch (status) {
    case MYRIAD_E_INVALID:
      return Code::invalid;
    case MYRIAD_E_UNSUPPORTED:
      return Code::unsupported;
    case MYRIAD_E_UNAVAILABLE:
      return Code::unavailable;
    case MYRIAD_E_TIMEOUT:
      return Code::timeout;
    case MYRIAD_E_CANCELLED:
      return Code::cancelled;
    case MYRIAD_E_AGAIN:
      return Code::again;
    case MYRIAD_E_DENIED:
      return Code::denied;
    default:
      return Code::internal;
  }
}

}  // namespace

Meaning meaning(myriad_status status) {
  if (status == MYRIAD_OK) return Meaning::fine;
  switch (code_of(status)) {
    case Code::again:
    case Code::cancelled:
      return Meaning::later;
    case Code::unavailable:
    case Code::timeout:
      return Meaning::away;
    case Code::invalid:
    case Code::unsupported:
    case Code::denied:
      return Meaning::misplaced;
    case Code::not_found:
    case Code::exists:
    case Code::conflict:
    case Code::too_large:
    case Code::internal:
      break;
  }
  return Meaning::broken;
}

std::string_view status_name(myriad_status status) {
  constexpr std::string_view names[] = {"ok",        "invalid", "unsupported", "unavailable", "timeout",
                                        "cancelled", "again",   "denied",      "internal"};
  return status <= 0 && status >= MYRIAD_E_INTERNAL ? names[-status] : names[-MYRIAD_E_INTERNAL];
}

Error to_error(const Outcome& outcome) {
  const bool silent = outcome.message.empty();
  return {code_of(outcome.status),
          silent ? "the plugin answered '" + std::string(status_name(outcome.status)) + "' without saying why"
                 : outcome.message};
}

myriad_status to_status(Code code) {
  switch (code) {
    case Code::invalid:
    case Code::not_found:
    case Code::exists:
    case Code::conflict:
    case Code::too_large:
      return MYRIAD_E_INVALID;
    case Code::unsupported:
      return MYRIAD_E_UNSUPPORTED;
    case Code::unavailable:
      return MYRIAD_E_UNAVAILABLE;
    case Code::timeout:
      return MYRIAD_E_TIMEOUT;
    case Code::cancelled:
      return MYRIAD_E_CANCELLED;
    case Code::again:
      return MYRIAD_E_AGAIN;
    case Code::denied:
      return MYRIAD_E_DENIED;
    case Code::internal:
      break;
  }
  return MYRIAD_E_INTERNAL;
}

Error config_error(const Outcome& outcome) {
  Error error = to_error(outcome);
  if (error.code == Code::unsupported) error.code = Code::invalid;  // for this configuration, that is what it is
  error.field = "/config";
  const auto colon = error.message.find(": ");
  if (!error.message.starts_with('/') || colon == std::string::npos) return error;
  error.field += error.message.substr(0, colon);
  error.message.erase(0, colon + 2);
  return error;
}

}  // namespace myriad::plugin_host
