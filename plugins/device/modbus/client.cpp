#include "client.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace modbus {
namespace {

using myriad::Failure;

// Modbus Application Protocol V1.1b3, 7: exceptions 10 and 11 come from a gateway.
constexpr bool is_gateway(int code) {
  return code == EMBXGPATH || code == EMBXGTAR;
}
constexpr bool is_exception(int code) {
  return (code > MODBUS_ENOBASE && code < MODBUS_ENOBASE + MODBUS_EXCEPTION_MAX) || code == EMBBADEXC ||
         code == EMBUNKEXC;
}
constexpr bool is_garbled(int code) {
  return code == EMBBADCRC || code == EMBBADDATA || code == EMBMDATA || code == EMBBADSLAVE;
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

modbus_t* new_context(const Settings& settings) {
  // libmodbus resolves and connects with select(), which breaks above FD_SETSIZE, and hides errno: open() does both
  // itself. The context only needs some address.
  if (settings.is_tcp) return modbus_new_tcp("127.0.0.1", settings.port);
  const Serial& s = settings.serial;
  return modbus_new_rtu(s.device.c_str(), s.baud, s.parity, s.data_bits, s.stop_bits);
}

}  // namespace

Client::Client(const Settings& settings) : settings_(settings), context_(new_context(settings)) {
  if (!context_)
    throw Failure(MYRIAD_E_INVALID, "libmodbus does not take '" + settings.address() + "': " + modbus_strerror(errno));
  const auto us = static_cast<std::uint32_t>(settings.timeout.count() % 1000 * 1000);
  modbus_set_response_timeout(context_.get(), static_cast<std::uint32_t>(settings.timeout.count() / 1000), us);
  // Without a byte timeout the whole answer must come within the response timeout.
  modbus_set_byte_timeout(context_.get(), 0, 0);
}

Answer Client::failed(int code, const std::string& what) const {
  return {is_cancelled() ? Outcome::cancelled : Outcome::lost, code, settings_.address() + ": " + what};
}

Answer Client::too_many() const {
  return failed(EMFILE, "no file descriptor below " + std::to_string(FD_SETSIZE) +
                            " is free, and libmodbus watches no others: run fewer connections in this process");
}

void Client::lend(int fd) {
  const std::lock_guard lock(mutex_);
  socket_ = fd;
}

Answer Client::open() {
  const Answer answer = settings_.is_tcp ? open_tcp() : open_serial();
  is_open_ = answer.ok();
  if (!is_open_) close();
  return answer;
}

Answer Client::open_serial() {
  if (is_cancelled()) return failed(ECANCELED, "cancelled");
  if (modbus_connect(context_.get()) != 0) return failed(errno, modbus_strerror(errno));
  return modbus_get_socket(context_.get()) < FD_SETSIZE ? Answer{} : too_many();
}

Answer Client::open_tcp() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int rc = getaddrinfo(settings_.host.c_str(), std::to_string(settings_.port).c_str(), &hints, &found);
  if (rc != 0) return failed(rc == EAI_SYSTEM ? errno : EHOSTUNREACH, gai_strerror(rc));
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  Answer answer;
  for (const addrinfo* a = found; a; a = a->ai_next) {
    answer = dial(a->ai_family, a->ai_addr, a->ai_addrlen);
    if (answer.outcome != Outcome::lost) break;
  }
  return answer;
}

Answer Client::dial(int family, const void* address, unsigned size) {
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed(errno, std::strerror(errno));
  if (fd >= FD_SETSIZE) {
    ::close(fd);
    return too_many();
  }
  modbus_set_socket(context_.get(), fd);
  lend(fd);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Answer answer;
  if (is_cancelled() || (connect(fd, static_cast<const sockaddr*>(address), size) != 0 && errno != EINPROGRESS))
    answer = failed(errno, std::strerror(errno));
  else
    answer = await_connection(fd);
  if (!answer.ok()) close();
  return answer;
}

Answer Client::await_connection(int fd) const {
  pollfd waiting{fd, POLLOUT, 0};
  const int rc = ::poll(&waiting, 1, static_cast<int>(settings_.timeout.count()));
  if (rc == 0) return failed(ETIMEDOUT, "no connection within " + std::to_string(settings_.timeout.count()) + " ms");
  int error = rc < 0 ? errno : 0;
  socklen_t size = sizeof error;
  if (rc > 0) getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0 && !is_cancelled()) return {};
  return failed(error, std::strerror(error));
}

void Client::close() {
  lend(-1);
  modbus_close(context_.get());
  is_open_ = false;
}

void Client::cancel() noexcept {
  cancelled_ = true;
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

Answer Client::judge(std::uint8_t unit, int code) const {
  const std::string who = settings_.address() + " unit " + std::to_string(unit) + ": ";
  if (is_cancelled()) return {Outcome::cancelled, code, who + "cancelled"};
  if (is_gateway(code)) return {Outcome::absent, code, who + modbus_strerror(code)};
  if (is_exception(code)) return {Outcome::refused, code, who + modbus_strerror(code)};
  if (is_garbled(code)) return {Outcome::silent, code, who + modbus_strerror(code)};
  if (code == ETIMEDOUT)
    return {Outcome::silent, code,
            who + "no answer within " + std::to_string(settings_.timeout.count()) + " ms: " + std::strerror(code)};
  return {Outcome::lost, code, who + std::strerror(code)};
}

template <class Call>
Answer Client::exchange(std::uint8_t unit, Call call) {
  modbus_set_slave(context_.get(), unit);
  for (unsigned attempt = 0;; ++attempt) {
    if (is_cancelled()) return judge(unit, ECANCELED);
    ++requests_;
    if (call(context_.get()) >= 0) return {};
    Answer answer = judge(unit, errno);
    ++errors_;
    const bool silent = answer.outcome == Outcome::silent;
    if (answer.outcome == Outcome::lost || answer.outcome == Outcome::cancelled || (silent && settings_.is_tcp))
      close();
    if (!silent || settings_.is_tcp) return answer;
    modbus_flush(context_.get());
    if (attempt == settings_.retries) return answer;
  }
}

Answer Client::read(const Request& request, std::uint16_t* registers, std::uint8_t* bits) {
  const int address = request.address, count = request.count;
  return exchange(request.unit, [&](modbus_t* context) {
    switch (request.table) {
      case Table::coil:
        return modbus_read_bits(context, address, count, bits);
      case Table::discrete_input:
        return modbus_read_input_bits(context, address, count, bits);
      case Table::holding:
        return modbus_read_registers(context, address, count, registers);
      case Table::input:
        return modbus_read_input_registers(context, address, count, registers);
    }
    return -1;
  });
}

Answer Client::write(std::uint8_t unit, std::uint16_t address, std::span<const std::uint8_t> bits) {
  return exchange(unit, [&](modbus_t* context) {
    if (bits.size() == 1 && settings_.single_writes) return modbus_write_bit(context, address, bits[0]);
    return modbus_write_bits(context, address, static_cast<int>(bits.size()), bits.data());
  });
}

Answer Client::write(std::uint8_t unit, std::uint16_t address, std::span<const std::uint16_t> registers) {
  return exchange(unit, [&](modbus_t* context) {
    if (registers.size() == 1 && settings_.single_writes) return modbus_write_register(context, address, registers[0]);
    return modbus_write_registers(context, address, static_cast<int>(registers.size()), registers.data());
  });
}

Answer Client::mask(std::uint8_t unit, std::uint16_t address, std::uint16_t keep, std::uint16_t set) {
  return exchange(unit, [&](modbus_t* context) { return modbus_mask_write_register(context, address, keep, set); });
}

}  // namespace modbus
