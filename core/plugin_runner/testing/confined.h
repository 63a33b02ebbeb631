// Runs attempts in a child process that confines itself first. For tests: one thread at a time.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/temp_dir.h"
#include "plugin_runner/confine.h"

namespace myriad::plugin_runner::testing {

// 0 where the call succeeded, otherwise errno: what an attempt returns.
template <class T>
int tried(T result) {
  return static_cast<long>(result) < 0 ? errno : 0;
}

struct Attempt {
  const char* name;
  int expected;  // 0: allowed; else errno
  std::function<int()> attempt;
};

constexpr int signalled = 256;  // + the signal that ended the child
constexpr int unconfined = 255;

// Forks, runs f there, and returns its result, at most 255.
inline int in_child(const std::function<int()>& f) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(f());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : signalled + WTERMSIG(status);
}

inline int in_confined_child(Grants grants, const std::function<int()>& f, int landlock_at_most = 6) {
  grants.parent = ::getpid();
  grants.descriptors.insert(grants.descriptors.end(), {0, 1, 2});
  return in_child([&] {
    const auto done = confine(grants, landlock_at_most);
    if (!done) std::fprintf(stderr, "confine: %s\n", done.error().message.c_str());
    return done ? f() : unconfined;
  });
}

class Confined : public ::testing::Test {
 protected:
  Confined() {
    std::filesystem::create_directories(home_);
    std::filesystem::create_directories(plugin_);
    grants_.home = home_;
    grants_.plugin = plugin_;
  }

  // Each in a child of its own.
  void expect(const std::vector<Attempt>& attempts, int landlock_at_most = 6) const {
    for (const auto& a : attempts)
      EXPECT_EQ(in_confined_child(grants_, a.attempt, landlock_at_most), a.expected) << a.name;
  }
  // What confine() says to that: asked in a child, because it cannot be undone.
  std::string gaps(int landlock_at_most = 6) const {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    auto grants = grants_;
    grants.descriptors = {ends[1]};
    EXPECT_EQ(in_child([&] {
                const auto done = confine(grants, landlock_at_most);
                std::string text = done ? "" : "failed: " + done.error().message;
                for (const auto& gap : done ? done->gaps : std::vector<std::string>()) text += gap + "\n";
                return ::write(ends[1], text.data(), text.size()) < 0;
              }),
              0);
    ::close(ends[1]);
    std::string out(4096, '\0');
    out.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(ends[0], out.data(), out.size()), 0)));
    ::close(ends[0]);
    return out;
  }

  std::string path(const std::string& name) const { return (root_ / name).native(); }
  std::string write(const std::string& name, const std::string& text = "text") const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
    return path(name);
  }

  TempDir root_;
  const std::string home_ = path("home"), plugin_ = path("plugin");
  Grants grants_;
};

}  // namespace myriad::plugin_runner::testing
