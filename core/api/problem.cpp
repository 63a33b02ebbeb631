#include "api/problem.h"

#include <nlohmann/json.hpp>

namespace myriad::api {
namespace {

std::string_view name_of(Code code) {
  switch (code) {
    case Code::invalid:
      return "invalid";
    case Code::not_found:
      return "not_found";
    case Code::exists:
      return "exists";
    case Code::conflict:
      return "conflict";
    case Code::unsupported:
      return "unsupported";
    case Code::unavailable:
      return "unavailable";
    case Code::timeout:
      return "timeout";
    case Code::cancelled:
      return "cancelled";
    case Code::again:
      return "again";
    case Code::denied:
      return "denied";
    case Code::too_large:
      return "too_large";
    case Code::internal:
      return "internal";
  }
  return "internal";
}

// What a program can act on where the status is more precise than the code.
std::string_view code_for(int status, Code code) {
  switch (status) {
    case 401:
      return "unauthenticated";
    case 405:
      return "method_not_allowed";
    case 412:
      return "precondition_failed";
    case 428:
      return "precondition_required";
    case 507:
      return "unavailable";
    default:
      return name_of(code);
  }
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

int status_of(Code code) {
  switch (code) {
    case Code::invalid:
      return 400;
    case Code::denied:
      return 403;
    case Code::not_found:
      return 404;
    case Code::unsupported:
      return 405;
    case Code::exists:
    case Code::conflict:
      return 409;
    case Code::too_large:
      return 413;
    case Code::again:
      return 429;
    case Code::internal:
      return 500;
    case Code::unavailable:
    case Code::cancelled:
      return 503;
    case Code::timeout:
      return 504;
  }
  return 500;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 507:
      return "Insufficient Storage";
    default:
      return "Error";
  }
}

Reply problem(const Error& error) {
  return problem(status_of(error.code), error);
}

Reply problem(int status, const Error& error) {
  nlohmann::json body{{"type", "about:blank"},
                      {"title", reason_phrase(status)},
                      {"status", status},
                      {"detail", error.message},
                      {"code", code_for(status, error.code)}};
  Reply reply;
  // The floors below tell the seconds to wait in `field`; one second suits a queue that drains at commit speed.
  if (status == 429)
    reply.fields.emplace_back("Retry-After", is_number(error.field) ? error.field : "1");
  else if (!error.field.empty())
    body["field"] = error.field;
  reply.status = status;
  reply.type = "application/problem+json";
  reply.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return reply;
}

}  // namespace myriad::api
