/* A fast Modbus TCP server for measurements: one thread, epoll, any number of clients on 127.0.0.1.
 *
 *   modbus_server [--port 0] [--registers N]     prints its port on stdout, then serves until it is killed
 *
 * Serves function codes 1 to 6, 15 and 16 for every unit from one array of registers and one of bits, N of each
 * (65536 unless told). Every read of a register finds it one higher than the last, so that nothing upstream can win
 * by noticing equal values. Memory is fixed: a client that does not read its answers is closed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER = 7, MAX_ADU = 260, IN_SIZE = 16 * MAX_ADU, MAX_CELLS = 65536 };
enum { ILLEGAL_FUNCTION = 1, ILLEGAL_ADDRESS = 2, ILLEGAL_VALUE = 3 };

struct client {
  int fd;
  size_t size; /* bytes in `in` */
  uint8_t in[IN_SIZE];
};

static uint16_t registers[MAX_CELLS];
static uint8_t bits[MAX_CELLS];
static unsigned cells = MAX_CELLS;

static unsigned get16(const uint8_t* p) {
  return (unsigned)p[0] << 8 | p[1];
}
static void put16(uint8_t* p, unsigned v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}

static void die(const char* what) {
  perror(what);
  exit(1);
}

static size_t exception(uint8_t* pdu, unsigned code) {
  pdu[0] |= 0x80;
  pdu[1] = (uint8_t)code;
  return 2;
}

/* The checks that all functions with an address and a count share; 0 when they pass. */
static unsigned refusal(unsigned address, unsigned count, unsigned most) {
  if (count < 1 || count > most) return ILLEGAL_VALUE;
  return address + count > cells ? ILLEGAL_ADDRESS : 0;
}

static size_t read_bits(uint8_t* pdu, unsigned address, unsigned count) {
  const unsigned bytes = (count + 7) / 8;
  pdu[1] = (uint8_t)bytes;
  memset(pdu + 2, 0, bytes);
  for (unsigned i = 0; i < count; ++i) pdu[2 + i / 8] |= (uint8_t)(bits[address + i] << (i % 8));
  return 2 + bytes;
}

static size_t read_registers(uint8_t* pdu, unsigned address, unsigned count) {
  pdu[1] = (uint8_t)(2 * count);
  for (unsigned i = 0; i < count; ++i) put16(pdu + 2 + 2 * i, ++registers[address + i]);
  return 2 + 2 * count;
}

static size_t write_bits(const uint8_t* pdu, unsigned address, unsigned count) {
  for (unsigned i = 0; i < count; ++i) bits[address + i] = pdu[6 + i / 8] >> (i % 8) & 1;
  return 5;
}

static size_t write_registers(const uint8_t* pdu, unsigned address, unsigned count) {
  for (unsigned i = 0; i < count; ++i) registers[address + i] = (uint16_t)get16(pdu + 6 + 2 * i);
  return 5;
}

/* Turns a request into its answer in place; both are PDUs. Returns the answer's size. */
static size_t serve(uint8_t* pdu, size_t size) {
  if (size < 5) return exception(pdu, ILLEGAL_VALUE);
  const unsigned function = pdu[0], address = get16(pdu + 1), count = get16(pdu + 3);
  const unsigned bytes = function == 15 ? (count + 7) / 8 : function == 16 ? 2 * count : 0;
  const unsigned most = function <= 2 ? 2000 : function <= 4 ? 125 : function == 15 ? 1968 : 123;
  const int is_single = function == 5 || function == 6;
  const unsigned code = refusal(address, is_single ? 1 : count, most);
  if (code) return exception(pdu, code);
  if (bytes && (size != 6 + bytes || pdu[5] != bytes)) return exception(pdu, ILLEGAL_VALUE);
  switch (function) {
    case 1:
    case 2:
      return read_bits(pdu, address, count);
    case 3:
    case 4:
      return read_registers(pdu, address, count);
    case 5:
      bits[address] = count == 0xFF00;
      return 5;
    case 6:
      registers[address] = (uint16_t)count;
      return 5;
    case 15:
      return write_bits(pdu, address, count);
    case 16:
      return write_registers(pdu, address, count);
    default:
      return exception(pdu, ILLEGAL_FUNCTION);
  }
}

/* Answers every whole request in c->in. 0 when the client must go. */
static int answer(struct client* c) {
  size_t at = 0;
  while (c->size - at >= HEADER) {
    uint8_t adu[MAX_ADU];
    const size_t size = 6 + get16(c->in + at + 4);
    if (size < HEADER + 1 || size > MAX_ADU) return 0;
    if (c->size - at < size) break;
    memcpy(adu, c->in + at, size);
    at += size;
    const size_t pdu = serve(adu + HEADER, size - HEADER);
    put16(adu + 4, (unsigned)pdu + 1);
    if (send(c->fd, adu, HEADER + pdu, MSG_NOSIGNAL) != (ssize_t)(HEADER + pdu)) return 0;
  }
  memmove(c->in, c->in + at, c->size - at);
  c->size -= at;
  return 1;
}

static int receive(struct client* c) {
  const ssize_t got = recv(c->fd, c->in + c->size, IN_SIZE - c->size, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  c->size += (size_t)got;
  return got > 0 && answer(c);
}

static int listen_on(unsigned port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  socklen_t size = sizeof address;
  const int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)) die("socket");
  if (bind(fd, (struct sockaddr*)&address, size) || listen(fd, 128)) die("listen");
  if (getsockname(fd, (struct sockaddr*)&address, &size)) die("getsockname");
  printf("%u\n", (unsigned)ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

static void welcome(int epoll, int listener) {
  const int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  struct client* c = calloc(1, sizeof *c);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  if (!c) die("calloc");
  c->fd = fd;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
}

static unsigned long number(const char* text, unsigned long most) {
  char* end = NULL;
  const unsigned long value = strtoul(text, &end, 10);
  if (*text && !*end && value <= most) return value;
  fprintf(stderr, "'%s' is no number up to %lu\n", text, most);
  exit(2);
}

int main(int argc, char** argv) {
  unsigned port = 0;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 < argc && !strcmp(argv[i], "--port")) {
      port = (unsigned)number(argv[i + 1], 65535);
    } else if (i + 1 < argc && !strcmp(argv[i], "--registers")) {
      cells = (unsigned)number(argv[i + 1], MAX_CELLS);
    } else {
      fprintf(stderr, "usage: modbus_server [--port 0] [--registers 65536]\n");
      return 2;
    }
  }
  const int listener = listen_on(port), epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[64];
  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event)) die("epoll");
  for (;;) {
    const int ready = epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < ready; ++i) {
      struct client* c = events[i].data.ptr;
      if (!c) {
        welcome(epoll, listener);
      } else if (!receive(c)) {
        close(c->fd);
        free(c);
      }
    }
  }
}
