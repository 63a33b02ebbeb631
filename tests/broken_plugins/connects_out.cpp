// Connects to `port` of this machine, which its manifest does not ask for, and reports whether it could.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broken.h"

namespace {

class ConnectsOut : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool connected = fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    if (fd >= 0) ::close(fd);
    report(connected);
  }
};

}  // namespace

MYRIAD_PLUGIN(ConnectsOut, "connects_out", "1.0.0")
