#include "validator/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

namespace myriad::validator {
namespace {

constexpr Verdict verdicts[] = {Verdict::ok, Verdict::warn, Verdict::fail, Verdict::skipped};

std::string_view colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "\033[32m";
    case Verdict::warn:
      return "\033[33m";
    case Verdict::fail:
      return "\033[1;31m";
    case Verdict::skipped:
      return "\033[2m";
  }
  return "";
}

// Each line of `text` on a line of its own, behind `indent`.
void put_lines(std::string& out, const std::string& text, const std::string& indent) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += indent + line + '\n';
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

void put_check(std::string& out, const CheckResult& c, bool colour) {
  const auto verdict = padded(std::string(verdict_name(c.verdict)), 8);
  out += (colour ? std::string(colour_of(c.verdict)) + verdict + "\033[0m" : verdict) + padded(c.name, 12) + c.purpose;
  out += '\n';
  if (c.verdict == Verdict::ok) return;
  put_lines(out, c.detail, "        ");
  put_lines(out, c.mend, "        → ");
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::warn:
      return "warn";
    case Verdict::fail:
      return "fail";
    case Verdict::skipped:
      return "skipped";
  }
  return "";
}

std::size_t Report::count(Verdict verdict) const {
  return static_cast<std::size_t>(
      std::count_if(checks.begin(), checks.end(), [&](const auto& c) { return c.verdict == verdict; }));
}

const CheckResult* Report::find(std::string_view check) const {
  const auto it = std::find_if(checks.begin(), checks.end(), [&](const auto& c) { return c.name == check; });
  return it == checks.end() ? nullptr : &*it;
}

std::string to_text(const Report& report, bool colour) {
  std::string out;
  for (const auto& c : report.checks) put_check(out, c, colour);
  const auto name = report.plugin.empty() ? "the plugin" : report.plugin + " " + report.version;
  out += '\n' + name + (report.passed() ? " passes: " : " fails: ");
  std::string counts;
  for (const auto verdict : verdicts)
    if (const auto n = report.count(verdict); n > 0)
      counts += (counts.empty() ? "" : ", ") + std::to_string(n) + " " + std::string(verdict_name(verdict));
  return out + counts + '\n';
}

std::string to_json(const Report& report) {
  using nlohmann::json;
  json checks = json::array(), summary;
  for (const auto& c : report.checks)
    checks.push_back({{"name", c.name},
                      {"purpose", c.purpose},
                      {"result", verdict_name(c.verdict)},
                      {"detail", c.detail},
                      {"mend", c.mend},
                      {"ms", c.ms}});
  for (const auto verdict : verdicts) summary[std::string(verdict_name(verdict))] = report.count(verdict);
  const json out{{"plugin", report.plugin}, {"version", report.version}, {"checks", checks}, {"summary", summary}};
  // What a plugin says need not be UTF-8.
  return out.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace myriad::validator
