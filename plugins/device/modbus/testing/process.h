// A child process of a test: started with its output in a pipe, killed by its id at the latest with this object.
// One thread.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace modbus::testing {

class Process {
 public:
  explicit Process(std::vector<std::string> command) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    std::vector<char*> argv;
    for (auto& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(ends[1], STDOUT_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(ends[1]);
    output_ = ends[0];
  }
  Process(Process&& o) noexcept : pid_(std::exchange(o.pid_, -1)), output_(std::exchange(o.output_, -1)) {}
  ~Process() {
    kill();
    if (output_ >= 0) close(output_);
  }

  // The next line it prints. Throws when it prints none for 30 s or ends.
  std::string line() const {
    std::string out;
    for (char c = 0;;) {
      pollfd waiting{output_, POLLIN, 0};
      if (::poll(&waiting, 1, 30'000) != 1 || ::read(output_, &c, 1) != 1)
        throw std::runtime_error("the child printed no line, but '" + out + "'");
      if (c == '\n') return out;
      out += c;
    }
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

}  // namespace modbus::testing
