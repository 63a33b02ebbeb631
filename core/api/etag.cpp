#include "api/etag.h"

#include "api/problem.h"

namespace myriad::api {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string etag(std::uint64_t version) {
  return '"' + std::to_string(version) + '"';
}

bool lists_tag(std::string_view field, std::string_view tag, bool weak) {
  while (!field.empty()) {
    const auto comma = field.find(',');
    auto one = trim(field.substr(0, comma));
    if (weak && one.starts_with("W/")) one.remove_prefix(2);
    if (one == "*" || one == tag) return true;
    field = comma == std::string_view::npos ? std::string_view{} : field.substr(comma + 1);
  }
  return false;
}

std::optional<Reply> unmet_if_match(const Call& call, std::uint64_t version) {
  const auto field = call.request.head.field("If-Match");
  if (!field)
    return problem(428, {Code::conflict,
                         "If-Match is missing: GET the resource and send its ETag, here " + etag(version), "If-Match"});
  if (lists_tag(*field, etag(version), false)) return std::nullopt;
  return precondition_failed();
}

bool not_modified(const Call& call, std::string_view tag) {
  const auto field = call.request.head.field("If-None-Match");
  return field && lists_tag(*field, tag, true);
}

Reply precondition_failed() {
  return problem(412, {Code::conflict,
                       "the resource changed since its ETag was read: GET it again and repeat the change", "If-Match"});
}

}  // namespace myriad::api
