#include "app/bench/scratch.h"

#include <signal.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

namespace myriad::app::bench {
namespace {

// statfs(2), linux/magic.h.
std::string file_system_of(const std::filesystem::path& folder) {
  struct statfs found {};
  if (::statfs(folder.c_str(), &found) != 0) return "unknown";
  const std::pair<unsigned long, const char*> names[] = {
      {0xEF53, "ext4"},      {0x58465342, "xfs"},     {0x9123683E, "btrfs"}, {0x01021994, "tmpfs"},
      {0x858458F6, "ramfs"}, {0x794C7630, "overlay"}, {0xF2F52010, "f2fs"},  {0x2FC12FC1, "zfs"},
      {0x6969, "nfs"},       {0x01021997, "9p"}};
  const auto type = static_cast<unsigned long>(found.f_type) & 0xFFFFFFFFul;
  for (const auto& [number, name] : names)
    if (number == type) return name;
  return "file system " + std::to_string(type);
}

std::filesystem::path chosen(const std::filesystem::path& dir) {
  if (!dir.empty()) return dir;
  std::error_code none;
  const auto system = std::filesystem::temp_directory_path(none);
  if (none || file_system_of(system) == "tmpfs") return std::filesystem::current_path();
  return system;
}

class Folder final : public Scratch {
 public:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
  }
  ~Folder() override {
    watcher_.request_stop();
    watcher_.join();
    remove();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  const std::filesystem::path& path() const override { return path_; }
  std::string file_system() const override { return file_system_of(path_); }

 private:
  void watch(const std::stop_token& stop) {
    const timespec pause{0, 50'000'000};
    while (!stop.stop_requested()) {
      const int signal = sigtimedwait(&signals_, nullptr, &pause);
      if (signal < 0) continue;
      remove();
      std::_Exit(128 + signal);
    }
  }
  // Again when a thread that still works added a file meanwhile.
  void remove() const {
    std::error_code error;
    for (int tries = 0; tries < 100; ++tries)
      if (std::filesystem::remove_all(path_, error); !error) return;
  }

  const std::filesystem::path path_;
  sigset_t signals_{}, before_{};
  std::jthread watcher_;  // last: it uses the others
};

}  // namespace

Result<std::unique_ptr<Scratch>> Scratch::make(const std::filesystem::path& dir) {
  std::string name = (chosen(dir) / "myriad-bench-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    return Error{Code::denied, "cannot make " + name + ": " + std::strerror(errno) + "; name a folder with --dir",
                 "dir"};
  return std::unique_ptr<Scratch>(std::make_unique<Folder>(name));
}

}  // namespace myriad::app::bench
