#include "plugin_runner/packets.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>

namespace myriad::plugin_runner {
namespace {

constexpr std::size_t max_payload = max_packet - sizeof(Header);
constexpr std::size_t max_parts = 3;

bool is_full(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
}

// The parts of a message that are still to be sent.
class Rest {
 public:
  explicit Rest(std::span<const std::string_view> parts) {
    for (const auto part : parts) {
      parts_[count_++] = part;
      size_ += part.size();
    }
  }
  std::size_t size() const { return size_; }

  // Puts the next `size` bytes behind `head`. Returns the number of pieces, `head` included.
  std::size_t fill(std::size_t size, Header& head, std::array<iovec, max_parts + 1>& out) const {
    out[0] = {&head, sizeof head};
    std::size_t pieces = 1;
    for (std::size_t i = first_; i < count_ && size > 0; ++i) {
      const auto n = std::min(size, parts_[i].size());
      if (n == 0) continue;
      out[pieces++] = {const_cast<char*>(parts_[i].data()), n};
      size -= n;
    }
    return pieces;
  }
  void drop(std::size_t size) {
    size_ -= size;
    for (; size > 0; ++first_) {
      const auto n = std::min(size, parts_[first_].size());
      parts_[first_].remove_prefix(n);
      size -= n;
      if (!parts_[first_].empty()) return;
    }
  }

 private:
  std::array<std::string_view, max_parts> parts_;
  std::size_t count_ = 0, first_ = 0, size_ = 0;
};

}  // namespace

bool wait_to_send(int fd, int limit_ms) {
  pollfd p{fd, POLLOUT, 0};
  int n = 0;
  while ((n = ::poll(&p, 1, limit_ms)) < 0 && errno == EINTR) {
  }
  return n > 0 && (p.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0;
}

Sent send_message(int fd, Header header, std::span<const std::string_view> parts,
                  const std::function<bool(bool)>& wait) {
  Rest rest(parts);
  bool begun = false;
  do {
    const auto size = std::min(rest.size(), max_payload);
    header.more = rest.size() > size ? 1 : 0;
    std::array<iovec, max_parts + 1> pieces{};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = rest.fill(size, header, pieces);
    if (::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
      if (errno == EINTR) continue;
      if (!is_full(errno)) return Sent::gone;
      if (!wait && !begun) return Sent::full;
      if (wait ? !wait(begun) : !wait_to_send(fd)) return begun ? Sent::gone : Sent::full;
      continue;
    }
    rest.drop(size);
    begun = true;
  } while (rest.size() > 0 || !begun);
  return Sent::all;
}

Sent send_message(int fd, Header header, std::string_view payload, const std::function<bool(bool)>& wait) {
  return send_message(fd, header, std::span(&payload, 1), wait);
}

Receiver::Receiver(int fd)
    : fd_(fd), packet_(static_cast<std::byte*>(::operator new[](max_packet, std::align_val_t{16}))) {}

Receiver::Got Receiver::receive(Message& out, bool wait) {
  for (;;) {
    const auto size = ::recv(fd_, packet_.get(), max_packet, MSG_TRUNC | (wait ? 0 : MSG_DONTWAIT));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return is_full(errno) ? Got::nothing : Got::end;
    if (size == 0) return Got::end;
    const auto n = static_cast<std::size_t>(size);
    if (n < sizeof(Header) || n > max_packet) return Got::broken;
    std::memcpy(&out.header, packet_.get(), sizeof(Header));
    out.payload = {reinterpret_cast<const char*>(packet_.get()) + sizeof(Header), n - sizeof(Header)};
    if (out.header.more > 1) return Got::broken;
    if (!assembling_ && out.header.more == 0) return Got::message;
    if (!assembling_) assembly_ = {};  // and gives back what a long one took
    if (assembly_.size() + out.payload.size() > max_message) return Got::broken;
    assembly_.append(out.payload);
    assembling_ = out.header.more == 1;
    if (assembling_) continue;
    out.payload = assembly_;
    return Got::message;
  }
}

}  // namespace myriad::plugin_runner
