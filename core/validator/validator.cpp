#include "validator/validator.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "base/spawn.h"
#include "base/temp_dir.h"
#include "plugin_runner/confine.h"
#include "validator/check.h"
#include "validator/child.h"

namespace myriad::validator {
namespace {

namespace fs = std::filesystem;

// Once a plugin hangs, it probably hangs again: what is known by then need not take as long.
constexpr std::chrono::milliseconds after_a_hang{3'000};
constexpr int most_hangs = 3;
constexpr const char* enough_hangs = "three checks did not end";

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const auto newline = text.rfind('\n');
  auto line = newline == std::string::npos ? text : text.substr(newline + 1);
  if (line.size() > 200) line = line.substr(0, 200) + "…";
  return line;
}

// A child that did not finish: the plugin's fault, whatever it did.
void judge_end(const Ended& ended, const Options& options, CheckResult& check) {
  const auto call = Judge::last_call(ended.report);
  const auto where = call.empty() ? "" : " " + call;
  const auto said = last_line(ended.output);
  check.verdict = Verdict::fail;
  check.blocks = true;
  switch (ended.how) {
    case Ended::How::exited:
      if (ended.code == Judge::cut_off) {
        check.detail = "it closed descriptors that are not its own" + where;
        check.mend = "close each descriptor once, and only what was opened";
        break;
      }
      check.detail = "it ended the process with exit code " + std::to_string(ended.code) + where;
      check.mend = "never call exit() or abort(): answer a status";
      break;
    case Ended::How::crashed:
      check.detail =
          (ended.code == SIGXCPU ? "used too much processor time" : "crashed with " + signal_name(ended.code)) + where;
      check.mend = "run the plugin's own test under a debugger, or with -fsanitize=address,undefined";
      break;
    case Ended::How::too_slow:
      check.detail = "did not return within " + std::to_string(options.time.count() / 1000) + " s" + where;
      check.mend = "bound whatever blocks: deadlines for calls, a wake-up for threads that stop() joins";
      break;
  }
  if (!said.empty()) check.detail += ": " + said;
}

std::vector<std::string> command_for(const fs::path& program, const Check& check, const fs::path& file,
                                     const Options& options) {
  return {program.string(),
          "plugin",
          "check",
          child_option,
          check.name,
          "--timeout",
          std::to_string(std::max<std::int64_t>(1, options.time.count() / 1000)),
          "--memory",
          std::to_string(options.memory),
          "--data",
          options.data.string(),
          file.string()};
}

CheckResult skipped(const Check& check, const std::string& missing) {
  return {check.name, check.purpose, Verdict::skipped, "not made, since " + missing, "mend that first", 0};
}

// What the plugin printed during all checks.
CheckResult judge_output(const std::string& output) {
  CheckResult out{"quiet", "it prints nothing", Verdict::ok, "", "", 0, false};
  if (output.empty()) return out;
  out.verdict = Verdict::warn;
  out.detail = "it printed to standard output or standard error: " + last_line(output);
  out.mend = "say it with host->log(), which the console shows";
  return out;
}

// Which check took each ground away.
class Grounds {
 public:
  // Why a check cannot be made, as half a sentence; empty when it can.
  std::string missing(const Check& check) const {
    for (const auto& [ground, failed] : lost_)
      if (check.needs & ground) return "'" + failed + "' failed";
    return "";
  }
  void lose(const Check& check) {
    if (check.gives != nothing) lost_.emplace_back(check.gives, check.name);
  }

 private:
  std::vector<std::pair<unsigned, std::string>> lost_;
};

Result<CheckResult> make_check(const fs::path& program, const Check& check, const fs::path& file, const fs::path& home,
                               const Options& options, std::string& output) {
  auto ended = run_child(command_for(program, check, file, options), home, options.time);
  if (!ended) return ended.error();
  CheckResult out{check.name, check.purpose, Verdict::ok, "", "", ended->took.count(), false};
  if (!Judge::read(ended->report, out)) {
    judge_end(*ended, options, out);
    ended->output.clear();  // it has been told
  }
  output += ended->output;
  return out;
}

// What others build on is always made.
bool is_wanted(const Check& check, const std::vector<std::string>& only, bool native) {
  if (!native && ((check.needs | check.gives) & a_library)) return false;  // there is none
  return only.empty() || check.gives != nothing || std::find(only.begin(), only.end(), check.name) != only.end();
}

void limit(int resource, std::uint64_t most) {
  rlimit now{};
  ::getrlimit(static_cast<__rlimit_resource>(resource), &now);
  const rlimit wanted{std::min<rlim_t>(most, now.rlim_max), now.rlim_max};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &wanted);
}

// The plugin gets here what an instance in a process of its own gets: what its manifest asks for, and no more.
Status confine_this_process(const Place& place, const Options& options) {
  ::signal(SIGPIPE, SIG_IGN);  // as in the daemon
  limit(RLIMIT_CPU, static_cast<std::uint64_t>(options.time.count() / 1000) + 1);
  const auto manifest = read_manifest(place);
  const auto config = manifest ? choose_config(place, *manifest) : manifest.error();
  plugin_runner::Limits limits;
  limits.memory_bytes = options.memory;
  limits.file_bytes = std::uint64_t{64} << 20;
  std::error_code error;
  auto grants = plugin_runner::grants_of(
      manifest ? manifest->permissions : plugin_runner::Permissions{},
      config ? config->value : nlohmann::json::object(),
      {fs::current_path(error).string(), place.folder.string(), options.data.string()}, limits);
  grants.descriptors = {0, 1, 2, report_fd};
  grants.parent = ::getppid();
  const auto confined = plugin_runner::confine(grants);
  return confined ? Status{} : confined.error();
}

void make(const Check& check, const Place& place, Judge& judge) {
  if (check.of_files) return check.of_files(place, judge);
  judge.calling("in its constructors");
  const auto subject = load(place);
  if (!subject) return judge.fail(subject.error().message, "mend what the earlier checks say");
  check.of_plugin(*subject, judge);
}

}  // namespace

std::vector<std::string> check_names() {
  std::vector<std::string> out;
  for (const auto& check : all_checks()) out.emplace_back(check.name);
  return out;
}

Result<Report> run_validator(const fs::path& program, const fs::path& file, const Options& given,
                             const Progress& progress) {
  const auto place = locate(file);
  if (!place) return place.error();
  Report report;
  bool native = true;
  if (const auto manifest = read_manifest(*place)) {
    report.plugin = manifest->id;
    report.version = manifest->version;
    native = manifest->runtime == plugin_host::Runtime::native;
  }
  std::error_code error;
  const auto given_file = fs::absolute(file, error);  // the child runs elsewhere
  const TempDir home;
  Options options = given;
  Grounds grounds;
  std::string output;
  std::vector<Check> checks;
  for (const auto& check : all_checks())
    if (is_wanted(check, options.only, native)) checks.push_back(check);
  int hangs = 0;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (progress) progress(i + 1, checks.size(), checks[i].name);
    if (const auto missing = hangs < most_hangs ? grounds.missing(checks[i]) : std::string(enough_hangs);
        !missing.empty()) {
      report.checks.push_back(skipped(checks[i], missing));
      continue;
    }
    auto made = make_check(program, checks[i], given_file, home.path(), options, output);
    if (!made) return made.error();
    if (made->blocks) grounds.lose(checks[i]);
    if (made->ms >= static_cast<double>(options.time.count())) {
      ++hangs;
      options.time = std::min(options.time, after_a_hang);
    }
    report.checks.push_back(*std::move(made));
  }
  report.checks.push_back(judge_output(output));
  return report;
}

int run_check(std::string_view name, const fs::path& file, const Options& options) {
  const auto checks = all_checks();
  const auto check = std::find_if(checks.begin(), checks.end(), [&](const Check& c) { return c.name == name; });
  if (check == checks.end() || ::fcntl(report_fd, F_GETFD) < 0) return 2;
  ::fcntl(report_fd, F_SETFD, FD_CLOEXEC);
  Judge judge(report_fd);
  const auto place = locate(file);
  const auto confined = place ? confine_this_process(*place, options) : place.error();
  if (confined)
    make(*check, *place, judge);
  else
    judge.give_up("the check cannot be made: " + confined.error().message, "mend what it says, and check again");
  judge.finish();
  // A thread that the plugin left behind must not meet destructors.
  ::_exit(0);
}

}  // namespace myriad::validator
