// CPU of the server for each small keep-alive request: the edge beside a bare cpp-httplib, same answer, same clients.
//
//   http_bench [requests]     prints them and their ratios; the clients are another process
#include <httplib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "edge/server.h"
#include "edge/test_client.h"

namespace {

using namespace myriad;

constexpr int connections = 8;
const std::string body(100, 'x');

class Hello final : public edge::Handler {
 public:
  explicit Hello(bool quick) : quick_(quick) {}
  bool is_quick(const edge::Head&) override { return quick_; }
  std::size_t body_limit(const edge::Head&) override { return 0; }
  edge::Answer handle(const edge::Request&) override { return {answer("200 OK"), nullptr, false}; }
  std::string refuse(int status, std::string_view) override { return answer(std::to_string(status) + " Refused"); }

 private:
  const bool quick_;
  static std::string answer(const std::string& status) {
    return "HTTP/1.1 " + status + "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void be_clients(std::uint16_t port, int requests) {
  std::vector<std::thread> threads;
  for (int c = 0; c < connections; ++c)
    threads.emplace_back([=] {
      edge::TestClient client(port);
      for (int i = 0; i < requests / connections; ++i) {
        client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n");
        client.read_answer();
      }
    });
  for (auto& t : threads) t.join();
}

// Microseconds of this process's CPU for each request that a child sends.
double measure(const char* name, const char* self, std::uint16_t port, int requests) {
  const auto begin = std::chrono::steady_clock::now();
  const double before = cpu_seconds();
  const std::string port_text = std::to_string(port), count = std::to_string(requests);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/proc/self/exe", self, "clients", port_text.c_str(), count.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const double each = (cpu_seconds() - before) / requests * 1e6;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%-12s %6.1f CPU us a request, %8.0f requests/s\n", name, each, requests / took.count());
  return status == 0 ? each : 0;
}

double measure_edge(const char* name, bool quick, const char* self, int requests) {
  Hello hello(quick);
  auto server = edge::Server::start({}, hello, Log::none());
  if (!server) return 0;
  return measure(name, self, (*server)->port(), requests);
}

double measure_httplib(const char* self, int requests) {
  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(connections); };
  server.set_tcp_nodelay(true);
  server.set_keep_alive_max_count(1'000'000'000);
  server.Get("/hello", [](const httplib::Request&, httplib::Response& r) { r.set_content(body, "text/plain"); });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { server.listen_after_bind(); });
  const double each = measure("cpp-httplib", self, static_cast<std::uint16_t>(port), requests);
  server.stop();
  thread.join();
  return each;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "clients") {
    be_clients(static_cast<std::uint16_t>(std::atoi(argv[2])), std::atoi(argv[3]));
    return 0;
  }
  const int requests = argc > 1 ? std::atoi(argv[1]) : 100'000;
  const double quick = measure_edge("edge, quick", true, argv[0], requests);
  const double worker = measure_edge("edge, worker", false, argv[0], requests);
  const double bare = measure_httplib(argv[0], requests);
  if (quick <= 0 || worker <= 0 || bare <= 0) return 1;
  std::printf("to cpp-httplib: %.2f quick, %.2f by a worker\n", quick / bare, worker / bare);
  return 0;
}
