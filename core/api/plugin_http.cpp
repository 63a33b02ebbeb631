// What plugins serve themselves: every request below /x/<instance>/ is its instance's to answer.
#include "api/problem.h"
#include "api/resources.h"

namespace myriad::api {
namespace {

constexpr auto limit = std::chrono::seconds(15);

// The path behind "/x/<instance>", as sent.
std::string_view rest_of(std::string_view path) {
  return path.substr(path.find('/', path.find('/', 1) + 1));
}

std::string_view query_of(std::string_view target) {
  const auto mark = target.find('?');
  return mark == std::string_view::npos ? "" : target.substr(mark + 1);
}

Result<Reply> serve(Shared& shared, const Call& call) {
  const auto& request = call.request;
  const auto served = shared.parts.instances.serve(
      call.segment("instance"),
      {std::string(request.head.method), std::string(rest_of(call.path)), std::string(query_of(request.head.target)),
       std::string(call.field("Content-Type")), std::string(request.body), call.session->identity.name},
      limit);
  if (!served) return served.error();
  Reply reply{served->status, served->body, served->content_type};
  // A page of a plugin is not the console: it gets an origin of its own, without the user's session.
  reply.fields.emplace_back("Content-Security-Policy", "sandbox allow-scripts allow-forms");
  return reply;
}

}  // namespace

void add_plugin_http_routes(Router& router, Shared& shared) {
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"})
    router.add({method, "/x/{instance}/{path}", Access::user, [&](const Call& c) { return serve(shared, c); },
                usual_body, true});
}

}  // namespace myriad::api
