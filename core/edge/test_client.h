// A client that sends exactly the bytes it is told to. For tests. Throws when a socket call fails.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace myriad::edge {

class TestClient {
 public:
  explicit TestClient(std::uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("connect");
  }
  ~TestClient() { close(); }
  TestClient(TestClient&& o) noexcept : fd_(std::exchange(o.fd_, -1)), in_(std::move(o.in_)) {}
  TestClient(const TestClient&) = delete;

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void end_sending() { ::shutdown(fd_, SHUT_WR); }

  // False when the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  // Receives once into what read_...() return; false when the server has closed or says nothing for long.
  bool receive() {
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, 20'000) != 1) return false;
    char some[65536];
    const auto n = ::recv(fd_, some, sizeof some, 0);
    if (n <= 0) return false;
    in_.append(some, static_cast<std::size_t>(n));
    return true;
  }
  bool wait_for(std::string_view text) {
    while (in_.find(text) == std::string::npos)
      if (!receive()) return false;
    return true;
  }
  // One answer with its Content-Length; what follows stays. `bodiless`: to HEAD.
  std::string read_answer(bool bodiless = false) {
    if (!wait_for("\r\n\r\n")) return std::exchange(in_, {});
    const auto head = in_.find("\r\n\r\n") + 4;
    std::size_t size = head;
    const auto field = in_.find("Content-Length: ");
    if (!bodiless && field < head) size += std::stoul(in_.substr(field + 16));
    while (in_.size() < size)
      if (!receive()) break;
    std::string answer = in_.substr(0, size);
    in_.erase(0, size);
    return answer;
  }
  std::string read_all() {
    while (receive()) continue;
    return std::exchange(in_, {});
  }
  std::string& received() { return in_; }

 private:
  int fd_;
  std::string in_;
};

}  // namespace myriad::edge
