#include "validator/judge.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace myriad::validator {
namespace {

using nlohmann::json;

constexpr std::size_t max_findings = 8;
constexpr char call_mark = 'C', end_mark = 'E';

// A line may be longer than the pipe; the parent reads on.
void write_line(int fd, char mark, std::string_view text) {
  std::string line = mark + std::string(text) + '\n';
  for (std::string_view rest = line; !rest.empty();) {
    const auto written = ::write(fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) ::_exit(Judge::cut_off);  // the plugin closed it, or nobody listens
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

// The last whole line that begins with `mark`, without it.
std::string_view last_line(std::string_view said, char mark) {
  std::string_view found;
  while (!said.empty()) {
    const auto end = said.find('\n');
    if (end == std::string_view::npos) break;
    if (end > 0 && said[0] == mark) found = said.substr(1, end - 1);
    said.remove_prefix(end + 1);
  }
  return found;
}

}  // namespace

Judge::Judge(int report_fd) : fd_(report_fd), pid_(::getpid()) {}

void Judge::calling(std::string_view what) {
  if (::getpid() != pid_) ::_exit(0);
  write_line(fd_, call_mark, what);
}

bool Judge::failed() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(findings_.begin(), findings_.end(), [](const auto& f) { return f.verdict == Verdict::fail; });
}

void Judge::add(Verdict verdict, const std::string& detail, const std::string& mend) {
  const std::lock_guard lock(mutex_);
  if (!known_.insert(detail).second) return;
  // Room is kept for what is worse.
  if (findings_.size() < max_findings)
    findings_.push_back({verdict, detail, mend});
  else if (const auto milder =
               std::find_if(findings_.begin(), findings_.end(), [&](const auto& f) { return f.verdict < verdict; });
           milder != findings_.end())
    *milder = {verdict, detail, mend};
}

void Judge::give_up(const std::string& detail, const std::string& mend) {
  fail(detail, mend);
  const std::lock_guard lock(mutex_);
  blocks_ = true;
}

void Judge::finish() {
  json said{{"blocks", false}, {"findings", json::array()}};
  {
    const std::lock_guard lock(mutex_);
    said["blocks"] = blocks_;
    for (const auto& f : findings_)
      said["findings"].push_back({{"verdict", static_cast<int>(f.verdict)}, {"detail", f.detail}, {"mend", f.mend}});
  }
  if (::getpid() == pid_) write_line(fd_, end_mark, said.dump(-1, ' ', false, json::error_handler_t::replace));
}

bool Judge::read(std::string_view text, CheckResult& check) {
  const auto said = json::parse(last_line(text, end_mark), nullptr, false);
  if (!said.is_object()) return false;
  const auto append = [](std::string& lines, const std::string& line) {
    if (!line.empty() && lines.find(line) == std::string::npos) lines += (lines.empty() ? "" : "\n") + line;
  };
  try {
    check.blocks = said.at("blocks").get<bool>();
    std::string notes;
    for (const auto& f : said.at("findings")) {
      const auto number = f.value("verdict", 2);
      const auto verdict = number == 0 ? Verdict::ok : number == 1 ? Verdict::warn : Verdict::fail;
      check.verdict = std::max(check.verdict, verdict);
      append(verdict == Verdict::ok ? notes : check.detail, f.value("detail", ""));
      append(check.mend, f.value("mend", ""));
    }
    if (check.detail.empty()) check.detail = notes;
  } catch (const json::exception&) {  // the plugin wrote here
    return false;
  }
  return true;
}

std::string Judge::last_call(std::string_view said) {
  return std::string(last_line(said, call_mark));
}

}  // namespace myriad::validator
