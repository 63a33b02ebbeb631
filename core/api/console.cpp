// The console's files, and its page for every path that is a view of it.
#include <algorithm>

#include "api/embedded.h"
#include "api/etag.h"
#include "api/problem.h"
#include "api/resources.h"

namespace myriad::api {
namespace {

// Everything comes from here, nothing runs that is not a file of ours, and no other page may frame it. Styles are set
// by the component library at run time.
constexpr const char* policy =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src "
    "'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

std::string_view type_of(std::string_view path) {
  struct Type {
    std::string_view extension, type;
  };
  static constexpr Type types[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
      {".webmanifest", "application/manifest+json"},
  };
  for (const auto& [extension, type] : types)
    if (path.ends_with(extension)) return type;
  return "application/octet-stream";
}

const EmbeddedFile* find(std::string_view path) {
  const auto files = embedded_console();
  const auto it =
      std::lower_bound(files.begin(), files.end(), path,
                       [](const EmbeddedFile& file, std::string_view wanted) { return file.path < wanted; });
  return it != files.end() && it->path == path ? &*it : nullptr;
}

// Vite puts a digest into the names of what it builds.
bool is_immutable(std::string_view path) {
  return path.starts_with("assets/");
}

bool accepts_gzip(const Call& call) {
  const auto field = call.field("Accept-Encoding");
  const auto at = field.find("gzip");
  return at != std::string_view::npos && !field.substr(at + 4).starts_with(";q=0");
}

Reply file_reply(const Call& call, const EmbeddedFile& file) {
  const bool gzip = !file.gzip.empty() && accepts_gzip(call);
  const std::string tag = '"' + std::string(file.digest) + (gzip ? "-gz\"" : "\"");
  Reply reply;
  reply.fields = {{"ETag", tag},
                  {"Cache-Control", is_immutable(file.path) ? "public, max-age=31536000, immutable" : "no-cache"},
                  {"Content-Security-Policy", policy},
                  {"X-Frame-Options", "DENY"},
                  {"Vary", "Accept-Encoding"}};
  if (not_modified(call, tag)) {
    reply.status = 304;
    reply.type.clear();
    return reply;
  }
  if (gzip) reply.fields.emplace_back("Content-Encoding", "gzip");
  reply.type = type_of(file.path);
  reply.body = gzip ? file.gzip : file.bytes;
  return reply;
}

// A name with an extension is a file; anything else is a view, which the page itself tells apart.
bool is_view(std::string_view path) {
  return path.substr(path.rfind('/') + 1).find('.') == std::string_view::npos;
}

Result<Reply> serve(const Call& call) {
  const auto path = percent_decode(call.path.substr(1));
  if (const auto* file = path ? find(*path) : nullptr) return file_reply(call, *file);
  const auto* page = find("index.html");
  if (page && is_view(call.path)) return file_reply(call, *page);
  return Error{Code::not_found, "the console has no file '" + std::string(call.path.substr(0, 200)) + "'"};
}

}  // namespace

void add_console_routes(Router& router) {
  router.set_fallback(serve);
}

}  // namespace myriad::api
