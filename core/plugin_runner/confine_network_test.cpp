#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "plugin_runner/landlock.h"
#include "plugin_runner/testing/confined.h"

namespace myriad::plugin_runner::testing {
namespace {

using Kind = Permissions::Network::Kind;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return out;
}

template <class F>
int addressed(F call, int fd, std::uint16_t port) {
  const auto to = loopback(port);
  return tried(call(fd, reinterpret_cast<const sockaddr*>(&to), socklen_t{sizeof to}));
}

// A socket, bound to a free port.
class Bound {
 public:
  Bound() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    EXPECT_EQ(addressed(::bind, fd_, 0), 0);
    sockaddr_in at{};
    socklen_t size = sizeof at;
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    port_ = ntohs(at.sin_port);
  }
  ~Bound() { release(); }
  Bound(const Bound&) = delete;
  Bound& operator=(const Bound&) = delete;
  void listen() const { EXPECT_EQ(::listen(fd_, 16), 0); }
  void release() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  std::uint16_t port() const { return port_; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

int opened(int family, int type, int protocol = 0) {
  return tried(::socket(family, type | SOCK_CLOEXEC, protocol));
}
int stream() {
  return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

class ConfinedNetwork : public Confined {
 protected:
  ConfinedNetwork() { server_.listen(), other_.listen(); }

  void grant(const std::vector<Permissions::Network>& network) { grants_.network = network; }
  Permissions::Network only(Kind kind, std::uint16_t port) const { return {kind, port, port}; }
  static bool has_ports() { return landlock_version() >= landlock_since::ports; }

  int connected(std::uint16_t port) const { return addressed(::connect, stream(), port); }
  int bound(std::uint16_t port) const { return addressed(::bind, stream(), port); }
  // Connects with the first data, not with connect().
  int sent_at_once(std::uint16_t port) const {
    const auto to = loopback(port);
    return tried(::sendto(stream(), "x", 1, MSG_FASTOPEN, reinterpret_cast<const sockaddr*>(&to), sizeof to));
  }

  Bound server_, other_;
};

constexpr int mptcp = 262, sctp = 132;

TEST_F(ConfinedNetwork, WithoutAGrantHasNone) {
  expect({{"tcp", EPERM, [] { return opened(AF_INET, SOCK_STREAM); }},
          {"tcp over IPv6", EPERM, [] { return opened(AF_INET6, SOCK_STREAM); }},
          {"udp", EPERM, [] { return opened(AF_INET, SOCK_DGRAM); }},
          {"local", EPERM, [] { return opened(AF_UNIX, SOCK_STREAM); }},
          {"netlink", EPERM, [] { return opened(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }},
          {"a pair for its threads", 0, [] {
             int pair[2];
             return tried(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
           }}});
}

TEST_F(ConfinedNetwork, ConnectsToThePortGranted) {
  grant({only(Kind::tcp_connect, server_.port())});
  const int denied = has_ports() ? EACCES : 0;
  EXPECT_EQ(gaps().find("does not confine TCP to ports") == std::string::npos, has_ports());
  expect({{"granted", 0, [&] { return connected(server_.port()); }},
          {"not granted", denied, [&] { return connected(other_.port()); }},
          {"not granted, with the first data", EPERM, [&] { return sent_at_once(other_.port()); }},
          {"listening without a name", EPERM, [] { return tried(::listen(stream(), 1)); }},
          {"binding", denied, [&] { return bound(0); }},
          {"udp", EPERM, [] { return opened(AF_INET, SOCK_DGRAM); }},
          {"raw", EPERM, [] { return opened(AF_INET, SOCK_RAW, IPPROTO_ICMP); }},
          {"ping", EPERM, [] { return opened(AF_INET, SOCK_DGRAM, IPPROTO_ICMP); }},
          {"several ways of TCP", EPERM, [] { return opened(AF_INET, SOCK_STREAM, mptcp); }},
          {"SCTP", EPERM, [] { return opened(AF_INET, SOCK_STREAM, sctp); }},
          {"packets", EPERM, [] { return opened(AF_PACKET, SOCK_RAW); }},
          {"local", EPERM, [] { return opened(AF_UNIX, SOCK_STREAM); }},
          {"addresses of the machine", 0, [] { return opened(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }},
          {"other netlink", EPERM, [] { return opened(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT); }}});
}

TEST_F(ConfinedNetwork, ConnectsToEveryPortWhereNoneIsNamed) {
  grant({{Kind::tcp_connect}});
  expect({{"one", 0, [&] { return connected(server_.port()); }},
          {"another", 0, [&] { return connected(other_.port()); }},
          {"listening", EPERM, [] { return tried(::listen(stream(), 1)); }}});
}

TEST_F(ConfinedNetwork, ListensAtThePortGranted) {
  Bound free;
  grant({only(Kind::tcp_listen, free.port())});
  free.release();
  const auto listen = [&] {
    const int fd = stream();
    const int failed = addressed(::bind, fd, free.port());
    return failed ? failed : tried(::listen(fd, 1));
  };
  expect({{"granted", 0, listen},
          {"another", has_ports() ? EACCES : 0, [&] { return bound(0); }},
          {"connecting", EPERM, [&] { return connected(server_.port()); }},
          {"connecting with the first data", EPERM, [&] { return sent_at_once(server_.port()); }}});
}

TEST_F(ConfinedNetwork, SendsDatagrams) {
  grant({{Kind::udp}});
  const auto send = [&] {
    const auto to = loopback(server_.port());
    return tried(::sendto(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "x", 1, 0,
                          reinterpret_cast<const sockaddr*>(&to), sizeof to));
  };
  expect({{"udp", 0, send}, {"tcp", EPERM, [] { return opened(AF_INET, SOCK_STREAM); }}});
}

TEST_F(ConfinedNetwork, SpeaksToLocalServices) {
  grant({{Kind::local}});
  expect({{"local", 0, [] { return opened(AF_UNIX, SOCK_STREAM); }},
          {"tcp", EPERM, [] { return opened(AF_INET, SOCK_STREAM); }},
          {"udp", EPERM, [] { return opened(AF_INET, SOCK_DGRAM); }}});
}

TEST_F(ConfinedNetwork, LooksNamesUp) {
  const auto permissions = parse_permissions({{"network", {"tcp-connect:502"}}});
  ASSERT_TRUE(permissions);
  grants_ = grants_of(*permissions, {}, {home_, plugin_, path("data")});
  expect({{"a name", 0,
           [] {
             addrinfo hints{}, *found = nullptr;
             hints.ai_socktype = SOCK_STREAM;
             hints.ai_flags = AI_ADDRCONFIG;
             const int failed = ::getaddrinfo("localhost", "502", &hints, &found);
             if (failed) std::fprintf(stderr, "%s\n", ::gai_strerror(failed));
             return failed || !found;
           }},
          {"over TCP", 0, [] { return std::string(::getenv("RES_OPTIONS")) != "use-vc"; }}});
}

}  // namespace
}  // namespace myriad::plugin_runner::testing
