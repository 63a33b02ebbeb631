#include "plugin_runner/confine.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>

#include <condition_variable>
#include <csignal>
#include <ctime>
#include <list>
#include <locale>
#include <mutex>
#include <new>
#include <thread>

#include "plugin_runner/landlock.h"
#include "plugin_runner/testing/confined.h"

namespace myriad::plugin_runner::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

int opened(const std::string& path, int flags = O_RDONLY) {
  return tried(::open(path.c_str(), flags | O_CLOEXEC, 0666));
}

// The attempts below are made against a kernel that has Landlock; where it has none, confine() has to say so.
bool has_landlock(int version = landlock_since::files) {
  return landlock_version() >= version;
}

TEST_F(Confined, ToTheFilesGranted) {
  const auto given = write("outside/given"), secret = write("outside/secret"), mine = write("home/mine");
  const auto spool = path("outside/spool");
  fs::create_directories(spool);
  fs::create_symlink("/etc/passwd", home_ + "/link");
  grants_.files = {{given, 0, false}, {spool, 0, true}};
  if (!has_landlock()) {
    EXPECT_THAT(gaps(), HasSubstr("this kernel has no Landlock, so files are not confined"));
    return;
  }
  const auto parent = "/proc/" + std::to_string(::getpid());
  const int emptied = has_landlock(landlock_since::truncation) ? EACCES : EPERM;
  expect({
      {"a file of the system", EACCES, [] { return opened("/etc/passwd"); }},
      {"a file of somebody", EACCES, [&] { return opened(secret); }},
      {"the folder above", EACCES, [&] { return opened(root_.path(), O_RDONLY | O_DIRECTORY); }},
      {"a link of its own", EACCES, [&] { return opened(home_ + "/link"); }},
      {"a process", EACCES, [&] { return opened(parent + "/status"); }},
      {"memory of the parent", EACCES, [&] { return opened(parent + "/mem", O_RDWR); }},
      {"keys of the machine", EACCES, [] { return opened("/etc/ssl/private", O_RDONLY | O_DIRECTORY); }},
      {"a device", EACCES, [] { return opened("/dev/tty0", O_RDWR); }},
      {"a library, written", EACCES, [] { return opened("/usr/lib/os-release", O_WRONLY); }},
      {"a new file in the plugin's folder", EACCES, [&] { return opened(plugin_ + "/new", O_WRONLY | O_CREAT); }},
      {"granted, read", 0, [&] { return opened(given); }},
      {"granted, written", EACCES, [&] { return opened(given, O_WRONLY); }},
      {"granted, emptied", emptied, [&] { return tried(::truncate(given.c_str(), 0)); }},
      {"granted, removed", EACCES, [&] { return tried(::unlink(given.c_str())); }},
      {"granted, linked to its home", EXDEV, [&] { return tried(::link(given.c_str(), (home_ + "/x").c_str())); }},
      {"granted for writing", 0, [&] { return opened(spool + "/new", O_RDWR | O_CREAT); }},
      {"its home", 0, [&] { return opened(mine, O_RDWR); }},
      {"a new file at home", 0, [&] { return opened(home_ + "/new", O_RDWR | O_CREAT); }},
      {"a folder at home", 0, [&] { return tried(::mkdir((home_ + "/folder").c_str(), 0777)); }},
      {"a name at home", 0, [&] { return tried(::rename(mine.c_str(), (home_ + "/folder/mine").c_str())); }},
      {"itself", 0, [] { return opened("/proc/self/status"); }},
      {"nothing", 0, [] { return opened("/dev/null", O_RDWR); }},
      {"chance", 0, [] { return opened("/dev/urandom"); }},
      {"a library", 0, [] { return opened("/usr/lib/os-release"); }},
  });
}

TEST_F(Confined, ToTheModesOfFilesAsTheyAre) {
  const auto mine = write("home/mine");
  expect({{"mode", EPERM, [&] { return tried(::chmod(mine.c_str(), 0777)); }},
          {"mode of a library", EPERM,
           [] { return tried(::fchmod(::open("/usr/lib/os-release", O_RDONLY | O_CLOEXEC), 0)); }},
          {"owner", EPERM, [&] { return tried(::chown(mine.c_str(), ::getuid(), ::getgid())); }},
          {"time", EPERM, [&] { return tried(::utimensat(AT_FDCWD, mine.c_str(), nullptr, 0)); }},
          {"for others to read", 0, [&] {
             struct stat made {};
             ::close(::open((home_ + "/new").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
             return ::stat((home_ + "/new").c_str(), &made) != 0 || (made.st_mode & 0777) != 0600;
           }}});
}

TEST_F(Confined, ToItsOwnProcess) {
  const pid_t parent = ::getpid();
  const auto call = [](auto... arguments) { return [=] { return tried(::syscall(arguments...)); }; };
  expect({
      {"fork", EPERM, [] { return tried(::fork()); }},
      {"vfork", EPERM, call(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0)},
      {"a thread in new name spaces", EPERM, call(SYS_clone, CLONE_THREAD | CLONE_NEWUSER, 0, 0, 0, 0)},
      {"clone3", ENOSYS, call(SYS_clone3, nullptr, 0)},
      {"a program", EPERM, [] { return tried(::execl("/bin/true", "true", nullptr)); }},
      {"ptrace", EPERM, [=] { return tried(::ptrace(PTRACE_ATTACH, parent, nullptr, nullptr)); }},
      {"the parent's memory", EPERM, call(SYS_process_vm_readv, parent, nullptr, 0, nullptr, 0, 0)},
      {"a signal to the parent", EPERM, [=] { return tried(::kill(parent, 0)); }},
      {"a signal to the group", EPERM, [] { return tried(::kill(0, 0)); }},
      {"a signal to all", EPERM, [] { return tried(::kill(-1, 0)); }},
      {"a signal to a thread", EPERM, call(SYS_tkill, parent, 0)},
      {"a signal to a thread of the parent", EPERM, call(SYS_tgkill, parent, parent, 0)},
      {"a signal by a descriptor", EPERM, [=] { return tried(::fcntl(0, F_SETOWN, parent)); }},
      {"a handle on the parent", EPERM, call(SYS_pidfd_open, parent, 0)},
      {"limits of the parent", EPERM, [=] { return tried(::prlimit(parent, RLIMIT_NOFILE, nullptr, nullptr)); }},
      {"priority of the parent", EPERM,
       [=] { return tried(::setpriority(PRIO_PROCESS, static_cast<id_t>(parent), 19)); }},
      {"processors of the parent", EPERM, call(SYS_sched_setaffinity, parent, 0, nullptr)},
      {"life without the parent", EPERM, [] { return tried(::prctl(PR_SET_PDEATHSIG, 0)); }},
      {"a session of its own", EPERM, [] { return tried(::setsid()); }},
      {"a signal to itself", 0, [] { return tried(::kill(::getpid(), 0)); }},
      {"limits of itself", 0, [] { return tried(::prlimit(0, RLIMIT_NOFILE, nullptr, nullptr)); }},
      {"a name", 0, [] { return tried(::prctl(PR_SET_NAME, "plugin")); }},
      {"abort", signalled + SIGABRT, []() -> int { std::abort(); }},
  });
}

TEST_F(Confined, ToHarmlessCalls) {
  const auto call = [](auto... arguments) { return [=] { return tried(::syscall(arguments...)); }; };
  const auto map = [](int flags) {
    return [=] { return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED ? errno : 0; };
  };
  constexpr unsigned long typing = 0x5412;  // TIOCSTI
  expect({
      {"mount", EPERM, call(SYS_mount, "none", "/mnt", "tmpfs", 0, nullptr)},
      {"unshare", EPERM, call(SYS_unshare, 0)},
      {"setns", EPERM, call(SYS_setns, -1, 0)},
      {"personality", EPERM, call(SYS_personality, 0xffffffff)},
      {"clock_settime", EPERM, call(SYS_clock_settime, 0, nullptr)},
      {"keyctl", EPERM, call(SYS_keyctl, 0, 0, 0)},
      {"bpf", EPERM, call(SYS_bpf, 0, nullptr, 0)},
      {"perf_event_open", EPERM, call(SYS_perf_event_open, nullptr, 0, -1, -1, 0)},
      {"io_uring", EPERM, call(SYS_io_uring_setup, 1, nullptr)},
      {"userfaultfd", EPERM, call(SYS_userfaultfd, 0)},
      {"memory without a limit", EPERM, call(SYS_memfd_create, "x", 0)},
      {"shared memory", EPERM, call(SYS_shmget, 0, 4096, 0600)},
      {"shared memory by mmap", EPERM, map(MAP_SHARED | MAP_ANONYMOUS)},
      {"memory by mmap", 0, map(MAP_PRIVATE | MAP_ANONYMOUS)},
      {"a file by its handle", EPERM, call(SYS_open_by_handle_at, -1, nullptr, 0)},
      {"another filter", EPERM, call(SYS_seccomp, 0, 0, nullptr)},
      {"typing for others", EPERM, call(SYS_ioctl, 0, typing, "x")},
      {"typing with high bits", EPERM, call(SYS_ioctl, 0, typing | 1UL << 32, "x")},
      {"a call that nobody knows", EPERM, call(9999)},
      {"a call that is fine, with nothing to write to", EFAULT, call(SYS_clock_gettime, CLOCK_REALTIME, nullptr)},
  });
}

TEST_F(Confined, WithoutPrivileges) {
  expect({{"capabilities", 0,
           [] {
             __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
             __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3] = {};
             ::syscall(SYS_capget, &header, held);
             return static_cast<int>(held[0].effective | held[0].permitted | held[1].effective | held[1].permitted);
           }},
          {"new privileges", 1, [] { return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); }},
          {"death with the parent", SIGKILL, [] {
             int signal = 0;
             ::prctl(PR_GET_PDEATHSIG, &signal);
             return signal;
           }}});
  if (::geteuid() == 0) {
    expect({{"groups", 0, [] { return ::getgroups(0, nullptr); }},
            {"a bounding set", 0, [] { return ::prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0); }}});
    EXPECT_THAT(gaps(), HasSubstr("run it as a user of its own"));
  }
}

TEST_F(Confined, ToTheDescriptorsNamed) {
  const int kept = ::open("/dev/null", O_WRONLY), other = ::open("/dev/null", O_WRONLY);
  grants_.descriptors = {kept};
  grants_.limits.descriptors = 40;
  expect({{"kept", 0, [=] { return tried(::write(kept, "x", 1)); }},
          {"closed", EBADF, [=] { return tried(::write(other, "x", 1)); }},
          {"too many", EMFILE, [] {
             for (int i = 0; i < 40; ++i)
               if (::dup(0) < 0) return errno;
             return 0;
           }}});
  ::close(kept);
  ::close(other);
}

TEST_F(Confined, ToItsMemory) {
  grants_.limits.memory_bytes = std::uint64_t{64} << 20;
  const auto grow = [](std::size_t mib) {
    std::list<std::string> held;
    try {
      while (held.size() < mib) held.emplace_back(std::size_t{1} << 20, 'x');
    } catch (const std::bad_alloc&) {
      return static_cast<int>(ENOMEM);
    }
    return 0;
  };
  expect({{"within", 0, [&] { return grow(16); }}});
  if (gaps().find("sanitizer") == std::string::npos) expect({{"beyond", ENOMEM, [&] { return grow(128); }}});
}

TEST_F(Confined, ToFilesOfASize) {
  grants_.limits.file_bytes = 4096;
  expect({{"large", EFBIG, [&] {
             const int fd = ::open((home_ + "/large").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
             return tried(::ftruncate(fd, 4097));
           }}});
}

TEST_F(Confined, WithAllItsThreads) {
  expect({{"a thread works, and is confined", has_landlock() ? EACCES : 0, [] {
             std::mutex mutex;
             std::condition_variable changed;
             int result = -1;
             std::thread thread([&] {
               const std::lock_guard lock(mutex);
               result = opened("/etc/passwd");
               changed.notify_one();
             });
             std::unique_lock lock(mutex);
             changed.wait(lock, [&] { return result >= 0; });
             lock.unlock();
             thread.join();
             return result;
           }}});
}

TEST_F(Confined, AndCanWork) {
  Dl_info library{};
  ASSERT_NE(::dladdr(reinterpret_cast<void*>(&seccomp_init), &library), 0);
  fs::copy_file(fs::canonical(library.dli_fname), plugin_ + "/library.so");
  expect({{"a library of its folder", 0,
           [&] {
             void* handle = ::dlopen((plugin_ + "/library.so").c_str(), RTLD_NOW | RTLD_LOCAL);
             if (!handle) std::fprintf(stderr, "%s\n", ::dlerror());
             return !handle || !::dlsym(handle, "seccomp_init");
           }},
          {"a locale", 0, [] { return std::locale("C.UTF-8").name() != "C.UTF-8"; }},
          {"a time zone", 0, [] {
             ::setenv("TZ", "Asia/Shanghai", 1);
             const std::time_t now = 0;
             std::tm there{};
             return ::localtime_r(&now, &there)->tm_gmtoff != 8 * 3600;
           }}});
}

TEST_F(Confined, ToTheDevicesGranted) {
  const auto line = [] {
    const int fd = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    EXPECT_EQ(::grantpt(fd) + ::unlockpt(fd), 0);
    return fd;
  };
  const int given = line(), other = line();
  const std::string given_name = ::ptsname(given), other_name = ::ptsname(other);
  grants_.devices = {{given_name, 0, true}};
  const auto configure = [&] {
    const int fd = ::open(given_name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    termios how{};
    if (::tcgetattr(fd, &how) != 0) return errno;
    ::cfmakeraw(&how);
    return tried(::tcsetattr(fd, TCSANOW, &how));
  };
  const auto change_discipline = [&] {
    const int ordinary = 0;
    return tried(::ioctl(::open(given_name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC), TIOCSETD, &ordinary));
  };
  expect({{"granted", 0, configure}, {"another line discipline", EPERM, change_discipline}});
  if (has_landlock()) expect({{"not granted", EACCES, [&] { return opened(other_name, O_RDWR | O_NOCTTY); }}});
  ::close(given);
  ::close(other);
}

TEST_F(Confined, ToTheProgramsGranted) {
  grants_.programs = {fs::canonical("/bin/true")};
  expect({{"becoming it", 0, [] { return tried(::execl("/bin/true", "true", nullptr)); }},
          {"starting it", EPERM, [] { return tried(::fork()); }}});
  if (has_landlock())
    expect({{"becoming another", EACCES, [] { return tried(::execl("/bin/false", "false", nullptr)); }}});
}

TEST_F(Confined, DiesWithItsParent) {
  auto grants = grants_;
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  grants.descriptors = {ends[1]};
  in_child([&] {
    grants.parent = ::getpid();
    if (const pid_t left = ::fork(); left != 0) {
      char confined = 0;
      const bool ready = ::read(ends[0], &confined, 1) == 1;
      return ready && ::write(ends[1], &left, sizeof left) == sizeof left ? 0 : 1;
    }
    if (confine(grants) && ::write(ends[1], "x", 1) == 1) ::pause();
    ::_exit(0);
  });
  ::close(ends[1]);
  pid_t left = 0;
  ASSERT_EQ(::read(ends[0], &left, sizeof left), ssize_t{sizeof left});
  // The pipe ends when the last who holds it is dead.
  pollfd end{ends[0], 0, 0};
  EXPECT_EQ(::poll(&end, 1, 10'000), 1);
  if ((end.revents & POLLHUP) == 0) ::kill(left, SIGKILL);
  ::close(ends[0]);
}

TEST_F(Confined, FailsWhereItsParentIsGone) {
  auto grants = grants_;
  grants.parent = ::getppid();  // not this process
  EXPECT_EQ(in_child([&] {
              const auto done = confine(grants);
              return !done && done.error().code == Code::unavailable;
            }),
            1);
}

// Kernels that are older than this one, by Landlock's version.
TEST_F(Confined, TellsWhatOldKernelsLack) {
  grants_.network = {{Permissions::Network::Kind::tcp_connect, 502, 502}};
  for (int version = 0; version <= std::min(landlock_version(), 6); ++version) {
    const auto text = gaps(version);
    const auto tells = [&](const char* what) { return text.find(what) != std::string::npos; };
    EXPECT_EQ(tells("no Landlock, so files are not confined"), version < landlock_since::files) << version;
    EXPECT_EQ(tells("can be emptied"), version > 0 && version < landlock_since::truncation) << version << text;
    EXPECT_EQ(tells("does not confine TCP to ports"), version < landlock_since::ports) << version;
  }
}

TEST_F(Confined, OnOldKernelsAsFarAsTheyCan) {
  const auto given = write("outside/given");
  grants_.files = {{given, 0, false}};
  expect({{"a file without Landlock", 0, [] { return opened("/etc/passwd"); }},
          {"emptying without Landlock", EPERM, [&] { return tried(::truncate(given.c_str(), 0)); }},
          {"a program without Landlock", EPERM, [] { return tried(::execl("/bin/true", "true", nullptr)); }}},
         0);
  for (int version = 1; version <= std::min(landlock_version(), 5); ++version)
    expect({{"a file", EACCES, [] { return opened("/etc/passwd"); }},
            {"a file granted", 0, [&] { return opened(given); }},
            {"emptying", version < landlock_since::truncation ? EPERM : EACCES,
             [&] { return tried(::truncate(given.c_str(), 0)); }},
            {"a signal", EPERM, [] { return tried(::kill(::getppid(), 0)); }}},
           version);
}

}  // namespace
}  // namespace myriad::plugin_runner::testing
