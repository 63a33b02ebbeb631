// Hosts that are newer, older, poorer, busy or ailing.
#include <algorithm>

#include "plugin_host/loader.h"
#include "plugin_host/manifest.h"
#include "plugin_host/outcome.h"
#include "validator/check.h"
#include "validator/inputs.h"
#include "validator/trial.h"

namespace myriad::validator {
namespace {

using plugin_host::abi_text;

// Lives a little.
Trial::Outcome live(Trial& trial, std::uint32_t stride = sizeof(myriad_reading)) {
  const auto begun = trial.begin();
  if (!trial.is_started()) return begun;
  auto inputs = Inputs::selected(trial.host());
  const auto out = trial.work(inputs, 16, stride);
  trial.stop();
  return out;
}

// The plugin as it answers a host of that ABI.
Subject as_seen_by(const Subject& subject, std::uint32_t host_abi, Judge& judge) {
  judge.calling("in " MYRIAD_ENTRY_SYMBOL "(" + abi_text(host_abi) + ")");
  Subject out = subject;
  out.api = subject.entry(host_abi);
  return out;
}

// Here and now, so that only what differs is laid at the host's door.
bool lives_today(const Subject& subject, Judge& judge) {
  Trial trial(subject, judge);
  return live(trial).fine();
}

void newer(const Subject& subject, Judge& judge) {
  const std::uint32_t abi = MYRIAD_ABI + 7;
  const auto seen = as_seen_by(subject, abi, judge);
  if (!seen.api)
    return judge.fail("it refuses a host of ABI " + abi_text(abi),
                      "look at the major version only: newer minors keep what older ones have");
  HostKind kind;
  kind.abi = abi;
  kind.longer = true;
  Trial trial(seen, judge, kind);
  const auto lived = live(trial, 32);
  if (!lived.fine() && lives_today(subject, judge))
    judge.fail("it fails in a host of ABI " + abi_text(abi) + ": " + lived.text(),
               "accept longer structs: compare struct_size with >=, step by batch->stride");
}

void older(const Subject& subject, Judge& judge) {
  const auto min = plugin_host::parse_abi(subject.manifest.abi_min);
  if (!min || *min >= MYRIAD_ABI) return;
  const auto seen = as_seen_by(subject, *min, judge);
  if (!seen.api)
    return judge.fail("it refuses a host of ABI " + abi_text(*min) + ", its own /abi/min",
                      "raise /abi/min in the manifest, or accept that host");
  HostKind kind;
  kind.abi = *min;
  Trial trial(seen, judge, kind);
  const auto lived = live(trial);
  if (!lived.fine() && lives_today(subject, judge))
    judge.fail("it fails in a host of ABI " + abi_text(*min) + ": " + lived.text(),
               "raise /abi/min in the manifest, or do without what that host lacks");
}

// It may refuse to work without an extension, with a message; it must not break.
void poorer(const Subject& subject, std::set<std::string> withheld, const std::string& name, Judge& judge) {
  HostKind kind;
  kind.withheld = std::move(withheld);
  Trial trial(subject, judge, kind);
  const auto lived = live(trial);
  if (!lived.fine() && lived.message.empty())
    judge.warn("without " + name + " it fails and does not say why", "say which extension it misses");
}

// A few rounds in an ailing host, then one in a host that is well again.
void ailing(const Subject& subject, HostKind kind, const std::string& name, Judge& judge) {
  const auto answer = kind.answer;
  kind.answer = MYRIAD_OK;
  Trial well(subject, judge, kind);
  if (!well.begin().ok()) return;
  auto inputs = Inputs::selected(well.host());
  const auto before = well.work(inputs);
  if (!before.ok() && inputs.empty()) return;  // without equipment it has nothing to publish
  well.host().answer(answer);
  for (int i = 0; i < 3; ++i)
    if (const auto out = well.work(inputs); plugin_host::meaning(out.status) == plugin_host::Meaning::broken)
      judge.warn("it answers '" + out.text() + "' " + name,
                 "answer what the host answered: after INTERNAL it would restart the instance");
  well.host().answer(MYRIAD_OK);
  Trial::Outcome after;
  for (int i = 0; i < 3; ++i) after = well.work(inputs);
  if (before.ok() && !after.fine())
    judge.fail("it does not recover when the host takes readings again: " + after.text(),
               "keep what was not taken, and call publish() again");
}

}  // namespace

void check_hosts(const Subject& subject, Judge& judge) {
  newer(subject, judge);
  older(subject, judge);
  for (const auto& id : host_extensions()) poorer(subject, {id}, id, judge);
  const auto& all = host_extensions();
  poorer(subject, {all.begin(), all.end()}, "any extension", judge);
}

void check_refusals(const Subject& subject, Judge& judge) {
  ailing(subject, {.answer = MYRIAD_E_AGAIN}, "while the host's queue is full (AGAIN)", judge);
  ailing(subject, {.answer = MYRIAD_E_INVALID}, "when the host refuses a reading (INVALID)", judge);
  ailing(subject, {.answer = MYRIAD_E_DENIED}, "when the host denies what it does (DENIED)", judge);
  ailing(subject, {.answer = MYRIAD_E_CANCELLED}, "when the host is stopping (CANCELLED)", judge);
  ailing(subject, {.durable = MYRIAD_E_UNAVAILABLE}, "when the disk refuses (publish_durable)", judge);
  // From its first call on: also what start() does may fail.
  for (const auto status : {MYRIAD_E_AGAIN, MYRIAD_E_INVALID, MYRIAD_E_INTERNAL}) {
    Trial trial(subject, judge, {.answer = status});
    live(trial);
  }
}

}  // namespace myriad::validator
