// The system calls that every confined plugin may make, whatever their arguments. By name, so that each processor finds
// its own; the newer twins with 64-bit times stand beside their elders. Files are Landlock's business, not this list's.
//
// Not here, on purpose: whatever reaches other processes (ptrace, process_vm_*, pidfd_*, setpriority, sched_set*,
// tkill), makes them (fork, execve), changes the machine (mount, clock_settime, reboot, bpf, modules), changes modes,
// owners and times of files, which Landlock does not confine (chmod, chown, utimensat, setxattr), holds memory that no
// limit counts (memfd_create, shmget, mq_open), or is a wide door into the kernel (io_uring, userfaultfd,
// perf_event_open, keyctl).
#pragma once

namespace myriad::plugin_runner {

constexpr const char* plain_calls[] = {
    // Reading, writing, waiting
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "close",
    "close_range", "lseek", "_llseek", "dup", "dup2", "dup3", "pipe", "pipe2", "poll", "ppoll", "ppoll_time64",
    "select", "_newselect", "pselect6", "pselect6_time64", "epoll_create", "epoll_create1", "epoll_ctl",
    "epoll_ctl_old", "epoll_wait", "epoll_wait_old", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "signalfd",
    "signalfd4", "timerfd_create", "timerfd_settime", "timerfd_settime64", "timerfd_gettime", "timerfd_gettime64",
    "sendfile", "sendfile64", "copy_file_range", "fsync", "fdatasync", "sync_file_range", "sync_file_range2",
    "readahead", "fadvise64", "fadvise64_64", "arm_fadvise64_64", "fallocate", "ftruncate", "ftruncate64", "flock",
    // Names of files
    "open", "openat", "creat", "openat2", "access", "faccessat", "faccessat2", "stat", "stat64", "lstat", "lstat64",
    "fstat", "fstat64", "fstatat64", "statx", "newfstatat", "statfs", "statfs64", "fstatfs", "fstatfs64", "getdents",
    "getdents64", "getcwd", "chdir", "fchdir", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat",
    "renameat2", "link", "linkat", "symlink", "symlinkat", "readlink", "readlinkat", "umask",
    // Sockets that are open
    "recvfrom", "recvmsg", "recvmmsg", "recvmmsg_time64", "recv", "send", "getsockopt", "setsockopt", "getsockname",
    "getpeername", "shutdown",
    // Memory
    "brk", "munmap", "mremap", "mprotect", "madvise", "mincore", "msync", "mlock", "mlock2", "munlock", "pkey_alloc",
    "pkey_free", "pkey_mprotect", "membarrier", "cacheflush", "riscv_flush_icache",
    // Threads and signals of its own
    "futex", "futex_time64", "set_robust_list", "set_tid_address", "set_thread_area", "set_tls", "arch_prctl", "rseq",
    "gettid", "sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max",
    "sched_get_priority_min", "getcpu", "rt_sigaction", "rt_sigprocmask", "rt_sigpending", "rt_sigreturn",
    "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64", "sigaction", "sigprocmask", "sigreturn",
    "sigaltstack", "pause", "restart_syscall", "exit", "exit_group", "wait4", "waitid", "waitpid",
    // Time
    "clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "clock_nanosleep",
    "clock_nanosleep_time64", "nanosleep", "gettimeofday", "time", "times", "alarm", "getitimer", "setitimer",
    "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_gettime64", "timer_settime",
    "timer_settime64",
    // Who and where it is
    "getpid", "getppid", "getpgid", "getpgrp", "getsid", "getuid", "getuid32", "geteuid", "geteuid32", "getgid",
    "getgid32", "getegid", "getegid32", "getgroups", "getgroups32", "getresuid", "getresuid32", "getresgid",
    "getresgid32", "capget", "getpriority", "getrlimit", "ugetrlimit", "setrlimit", "getrusage", "sysinfo", "uname",
    "getrandom", "riscv_hwprobe"};

}  // namespace myriad::plugin_runner
