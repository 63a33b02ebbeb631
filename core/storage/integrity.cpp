#include "storage/integrity.h"

#include <pthread.h>
#include <sched.h>

namespace myriad::storage {
namespace {

// Only when nobody else wants the processor.
void make_idle() {
  const sched_param none{};
  ::pthread_setschedparam(::pthread_self(), SCHED_IDLE, &none);
}

}  // namespace

std::string_view state_name(Integrity::State state) {
  switch (state) {
    case Integrity::State::ok:
      return "ok";
    case Integrity::State::checking:
      return "checking";
    case Integrity::State::damaged:
      break;
  }
  return "damaged";
}

OnDamage Integrity::watch(const std::filesystem::path& file) {
  const std::scoped_lock lock(mutex_);
  files_.push_back({file, State::checking, "", 0});
  return [this, at = files_.size() - 1](const std::string& what) { met(at, what); };
}

std::vector<Integrity::File> Integrity::files() const {
  const std::scoped_lock lock(mutex_);
  return files_;
}

void Integrity::met(std::size_t at, const std::string& what) {
  log_.error(what);
  const std::scoped_lock lock(mutex_);
  files_[at].state = State::damaged;
  files_[at].detail = what;
  files_[at].checked_at = clock_.now();
}

void Integrity::start() {
  const std::scoped_lock lock(mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void Integrity::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Integrity::run() {
  make_idle();
  {
    std::unique_lock lock(mutex_);
    constexpr std::chrono::milliseconds after_start{500};  // who waits for readiness goes first
    if (changed_.wait_for(lock, after_start, [&] { return stopping_; })) return;
  }
  for (std::size_t at = 0; at < files().size(); ++at) check_one(at);
}

void Integrity::check_one(std::size_t at) {
  const auto file = files()[at].file;
  const auto found = check(file, [this] {
    const std::scoped_lock lock(mutex_);
    return !stopping_;
  });
  if (!found) {
    if (found.error().code != Code::cancelled) log_.warn("cannot check: " + found.error().message);
    return;
  }
  if (!found->empty()) {
    mark_for_mending(file);
    return met(at, file.string() + ": the check found damage (" + *found +
                       "): what can be read is served, and the next start mends the file; check the disk");
  }
  const std::scoped_lock lock(mutex_);
  files_[at].checked_at = clock_.now();
  if (files_[at].state == State::checking) files_[at].state = State::ok;
}

}  // namespace myriad::storage
