#include "api/handler.h"

#include <httplib.h>

#include <cctype>

#include "api/http_date.h"
#include "api/idempotency.h"
#include "api/problem.h"
#include "api/resources.h"

namespace myriad::api {
namespace {

// The request line goes in, the whole answer comes out. Fields and body stay with the edge: cpp-httplib would decode
// percent signs in fields, match Range with a recursive expression, and compress afresh what it sends.
class LineStream final : public httplib::Stream {
 public:
  LineStream(const edge::Head& head, bool close)
      : in_(std::string(head.text.substr(0, head.text.find('\n') + 1)) +
            (close ? "Connection: close\r\n\r\n" : "\r\n")) {
    out_.reserve(1'024);
  }

  bool is_readable() const override { return at_ < in_.size(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, std::size_t size) override {
    const std::size_t n = in_.copy(to, size, at_);
    at_ += n;
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char* from, std::size_t size) override {
    out_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return 0; }

  std::string take() { return std::move(out_); }

 private:
  std::string in_, out_;
  std::size_t at_ = 0;
};

bool wants_close(const edge::Head& head) {
  const auto field = head.field("Connection");
  if (!field) return false;
  std::string lower(*field);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower.find("close") != std::string::npos;
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find_first_of("?#"));
}

void fill(httplib::Response& response, Reply&& reply) {
  response.status = reply.status;
  response.body = std::move(reply.body);
  if (!reply.type.empty()) response.headers.emplace("Content-Type", std::move(reply.type));
  for (auto& [name, value] : reply.fields) response.headers.emplace(std::move(name), std::move(value));
}

Reply nothing_there(std::string_view path, const Router::Match& match) {
  if (match.allow.empty())
    return problem({Code::not_found, "nothing is at '" + std::string(path.substr(0, 200)) +
                                         "': /api/v1/openapi.json lists what there is"});
  Reply reply = problem(405, {Code::unsupported, "this path takes " + match.allow + " only"});
  reply.fields.emplace_back("Allow", match.allow);
  return reply;
}

}  // namespace

// cpp-httplib's request and response semantics over one request in memory. Routes are found by our own table.
class Api::Inside final : public httplib::Server {
 public:
  explicit Inside(const Parts& parts)
      : shared_{parts, Gate(parts.security, parts.clock), Live(parts), {}}, idempotency_(parts.clock) {
    add_auth_routes(router_, shared_);
    add_thing_routes(router_, shared_);
    add_property_routes(router_, shared_);
    add_reading_routes(router_, shared_);
    add_history_routes(router_, shared_);
    add_history_keeping_routes(router_, shared_);
    add_stream_routes(router_, shared_);
    add_plugin_routes(router_, shared_);
    add_plugin_http_routes(router_, shared_);
    add_instance_routes(router_, shared_);
    add_secret_routes(router_, shared_);
    add_delivery_routes(router_, shared_);
    add_system_routes(router_, shared_);
    add_metrics_routes(router_, shared_);
    add_console_routes(router_);
    set_keep_alive_max_count(1'000'000);
    set_keep_alive_timeout(60);
    set_pre_routing_handler([this](const auto& request, auto& response) { return answer(request, response); });
    set_post_routing_handler([](const auto&, auto& response) { drop_length(response); });
    set_error_handler([](const httplib::Request& request, httplib::Response& response) { explain(request, response); });
  }

  const Router& router() const { return router_; }
  Shared& shared() { return shared_; }

  edge::Answer handle(const edge::Request& request) {
    const bool close = wants_close(request.head);
    LineStream stream(request.head, close);
    Running running{request, nullptr};
    running_ = &running;
    bool closed = close;
    process_request(stream, close, closed, {});
    running_ = nullptr;
    return {stream.take(), std::move(running.stream), closed};
  }

 private:
  struct Running {
    const edge::Request& request;
    std::shared_ptr<edge::Source> stream;
  };

  HandlerResponse answer(const httplib::Request& request, httplib::Response& response) {
    const edge::Request& sent = running_->request;
    Reply reply = dispatch({sent, path_of(sent.head.target), request.params});
    running_->stream = reply.stream;
    response.headers.emplace("Date", http_date(shared_.parts.clock.now()));
    response.headers.emplace("X-Content-Type-Options", "nosniff");
    response.headers.emplace("Referrer-Policy", "no-referrer");
    fill(response, std::move(reply));
    if (!response.has_header("Cache-Control")) response.headers.emplace("Cache-Control", "no-store");
    return HandlerResponse::Handled;
  }

  Reply dispatch(Call call) {
    Router::Match match = router_.find(call.request.head.method, call.path);
    if (!match.entry) return nothing_there(call.path, match);
    call.segments = std::move(match.segments);
    auto [session, refusal] = shared_.gate.admit(call.request, match.entry->access);
    if (refusal) return std::move(*refusal);
    call.session = std::move(session);
    const auto key = call.field("Idempotency-Key");
    if (key.empty() || match.entry->method != "POST" || !call.session) return run(*match.entry, call);
    const auto scope =
        call.session->identity.name + ' ' + std::string(call.request.head.target) + ' ' + std::string(key);
    return idempotency_.once(scope, call.request.body, [&] { return run(*match.entry, call); });
  }

  // Exceptions of the libraries below end here.
  Reply run(const Entry& entry, const Call& call) {
    try {
      auto reply = entry.route(call);
      return reply ? std::move(*reply) : problem(reply.error());
    } catch (const std::exception& e) {
      shared_.parts.log.error(std::string(entry.method) + ' ' + std::string(entry.pattern) + ": " + e.what());
      return problem({Code::internal, "a fault of the daemon: its log says more"});
    }
  }

  // RFC 9110, section 8.6: no Content-Length with 204; and a stream has none.
  static void drop_length(httplib::Response& response) {
    const bool streams = running_ && running_->stream;
    if (response.status == 204 || response.status == 304 || streams) response.headers.erase("Content-Length");
  }

  // Only for what cpp-httplib refuses by itself; our own answers have a body.
  static void explain(const httplib::Request&, httplib::Response& response) {
    if (!response.body.empty()) return;
    fill(response, problem(response.status, {Code::invalid, "the request line cannot be understood"}));
  }

  // Where the pre-routing handler finds the request it was called for: httplib passes nothing of ours through.
  static thread_local Running* running_;

  Shared shared_;
  Router router_;
  Idempotency idempotency_;
};

thread_local Api::Inside::Running* Api::Inside::running_ = nullptr;

Api::Api(Parts parts) : inside_(std::make_unique<Inside>(std::move(parts))) {}

Api::~Api() = default;

std::size_t Api::body_limit(const edge::Head& head) {
  const auto match = inside_->router().find(head.method, path_of(head.target));
  return match.entry ? match.entry->body_limit : usual_body;
}

edge::Answer Api::handle(const edge::Request& request) {
  return inside_->handle(request);
}

std::string Api::refuse(int status, std::string_view reason) {
  const Reply reply = problem(status, {status == 413 ? Code::too_large : Code::invalid, std::string(reason)});
  return "HTTP/1.1 " + std::to_string(status) + ' ' + std::string(reason_phrase(status)) +
         "\r\nContent-Type: " + reply.type + "\r\nContent-Length: " + std::to_string(reply.body.size()) +
         "\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n" + reply.body;
}

void Api::serving(std::function<edge::Server::Stats()> stats) {
  inside_->shared().serving.begin(std::move(stats));
}

void Api::closing() {
  inside_->shared().serving.end();
  inside_->shared().live.close();
}

std::vector<std::string> Api::routes() const {
  std::vector<std::string> all;
  for (const Entry* entry : inside_->router().entries())
    all.push_back(std::string(entry->method) + ' ' + std::string(entry->pattern));
  return all;
}

}  // namespace myriad::api
