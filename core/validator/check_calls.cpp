// read(), write(), invoke(), discover() and serve() with what is valid, and with what is not there.
#include <algorithm>
#include <array>
#include <thread>

#include "validator/check.h"
#include "validator/footprint.h"
#include "validator/inputs.h"
#include "validator/synthesis.h"
#include "validator/trial.h"

namespace myriad::validator {
namespace {

constexpr std::uint32_t unknown_point = 4'000'000'000;
constexpr std::size_t most_actions = 16;

myriad_text text(std::string_view s) {
  return {s.data(), s.size()};
}

void judge_unknown(const std::string& what, const Trial::Outcome& out, Judge& judge) {
  if (out.ok()) judge.warn(what + " is answered with OK", "answer INVALID to what is not there");
}

void discover(Trial& trial) {
  if (!MYRIAD_HAS(trial.device(), myriad_ext_device, discover)) return;
  trial.call("discover()", [&](myriad_error* e) {
    return trial.device()->discover(trial.instance(), Trial::deadline(milliseconds(200)), e);
  });
}

void read(Trial& trial, Judge& judge) {
  if (!MYRIAD_HAS(trial.device(), myriad_ext_device, read)) return;
  const auto read_some = [&](const std::vector<std::uint32_t>& points) {
    return trial.call("read()", [&](myriad_error* e) {
      return trial.device()->read(trial.instance(), points.data(), static_cast<std::uint32_t>(points.size()),
                                  Trial::deadline(milliseconds(200)), e);
    });
  };
  std::vector<std::uint32_t> points;
  for (const auto& p : trial.host().properties()) points.push_back(trial.host().point(p.thing + "/" + p.property));
  if (points.size() > 64) points.resize(64);
  if (!points.empty()) read_some(points);
  read_some({});
  judge_unknown("read() of a point that it does not have", read_some({unknown_point}), judge);
}

// Slots for write(), between zones that nobody may write.
class Slots {
 public:
  explicit Slots(std::size_t count) : all_(count + 2 * zone, untouched) {}
  myriad_status* slots() { return all_.data() + zone; }
  bool strayed() const {
    const auto used = [](myriad_status s) { return s != untouched; };
    return std::any_of(all_.begin(), all_.begin() + zone, used) || std::any_of(all_.end() - zone, all_.end(), used);
  }
  bool left_out() const { return std::find(all_.begin() + zone, all_.end() - zone, untouched) != all_.end() - zone; }

 private:
  static constexpr std::ptrdiff_t zone = 16;
  static constexpr myriad_status untouched = 0x5a5a5a;
  std::vector<myriad_status> all_;
};

Trial::Outcome write_batch(Trial& trial, const myriad_batch& batch, Judge& judge) {
  Slots slots(batch.count);
  auto out = trial.call(
      "write()", [&](myriad_error* e) { return trial.device()->write(trial.instance(), &batch, slots.slots(), e); });
  if (slots.strayed())
    judge.fail("write() wrote outside of its slots", "`each` has batch->count slots: one for each reading");
  if (out.ok() && slots.left_out())
    judge.fail("write() answered OK and left a slot of `each` as it was", "set a status for each reading");
  if (out.ok() && batch.count > 0) out.status = slots.slots()[0];
  return out;
}

void write(Trial& trial, Judge& judge) {
  if (!MYRIAD_HAS(trial.device(), myriad_ext_device, write)) return;
  auto inputs = Inputs::writable(trial.host());
  for (const std::uint32_t count : {1u, 3u, 64u}) {
    if (inputs.empty()) break;
    write_batch(trial, inputs.next(count), judge);
    if (inputs.changed()) judge.fail("write() changed the batch that it was lent", "copy what you want to change");
  }
  myriad_reading r{};
  r.time_ns = 1;
  r.point = unknown_point;
  r.type = MYRIAD_F64;
  const myriad_batch unknown{sizeof unknown, sizeof r, &r, nullptr, 1, 0, 0};
  judge_unknown("write() of a point that it does not have", write_batch(trial, unknown, judge), judge);
  const myriad_batch none{sizeof none, sizeof r, &r, nullptr, 0, 0, 0};
  write_batch(trial, none, judge);
}

struct Replies {  // outlives the instance: a reply may be late
  std::atomic<int> count = 0;
  std::atomic<myriad_status> status = MYRIAD_OK;
};

Trial::Outcome invoke_one(Trial& trial, const TrialHost::Action& action, Replies& replies, Judge& judge) {
  const auto input = action.input.is_object() ? synthesise(action.input).at(0).dump() : std::string();
  const auto reply = [](void* user, myriad_status status, myriad_text) {
    auto& mine = *static_cast<Replies*>(user);
    mine.status = status;
    ++mine.count;
  };
  auto out = trial.call("invoke() of '" + action.action.substr(0, 64) + "'", [&](myriad_error* e) {
    return trial.device()->invoke(trial.instance(), text(action.thing), text(action.action), text(input), reply,
                                  &replies, e);
  });
  for (int ms = 0; out.ok() && replies.count == 0 && ms < 500; ++ms) std::this_thread::sleep_for(milliseconds(1));
  if (out.ok() && replies.count == 0)
    judge.warn("invoke() of '" + action.action + "' answered OK, and no reply came within 500 ms",
               "call reply() when the action ends, also when it fails");
  if (replies.count > 0 && out.ok()) out.status = replies.status;
  return out;
}

void invoke(Trial& trial, std::vector<std::unique_ptr<Replies>>& replies, Judge& judge) {
  if (!MYRIAD_HAS(trial.device(), myriad_ext_device, invoke)) return;
  auto actions = trial.host().actions();
  if (actions.size() > most_actions) actions.resize(most_actions);
  for (const auto& action : actions)
    invoke_one(trial, action, *replies.emplace_back(std::make_unique<Replies>()), judge);
  judge_unknown("invoke() of an action that it does not have",
                invoke_one(trial, {"no_such_thing", "no_such_action", nullptr},
                           *replies.emplace_back(std::make_unique<Replies>()), judge),
                judge);
}

struct Answers {
  int count = 0;
  std::string wrong;
};

void take_answer(void* user, const myriad_http_response* response) {
  auto& answers = *static_cast<Answers*>(user);
  ++answers.count;
  if (response->struct_size < sizeof(myriad_http_response)) answers.wrong = "struct_size is too small";
  if (response->status < 200 || response->status > 599) answers.wrong = "status " + std::to_string(response->status);
  if (response->body.size > 4 << 20) answers.wrong = "a body over 4 MiB";
}

void serve(Trial& trial, Judge& judge) {
  if (!trial.http() || !MYRIAD_HAS(trial.http(), myriad_ext_http, serve)) return;
  const std::array<std::pair<const char*, const char*>, 5> requests{
      {{"GET", "/"}, {"GET", "/no/such/page"}, {"POST", "/"}, {"GET", "/%00/../..//"}, {"BREW", "/"}}};
  const std::string body(1000, '\xff');
  for (const auto& [method, path] : requests) {
    const bool sends = std::string_view(method) == "POST";
    const myriad_http_request request{sizeof request,
                                      0,
                                      text(method),
                                      text(path),
                                      text("a=1&&"),
                                      text(sends ? "application/json" : ""),
                                      text(sends ? body : ""),
                                      text("admin")};
    Answers answers;
    const auto out = trial.call(std::string("serve() of ") + method + " " + path, [&](myriad_error* e) {
      return trial.http()->serve(trial.instance(), &request, take_answer, &answers, e);
    });
    if (out.ok() && answers.count != 1)
      judge.fail("serve() answered OK and responded " + std::to_string(answers.count) + " times",
                 "call respond() exactly once before returning OK");
    if (!answers.wrong.empty()) judge.fail("serve() responds with " + answers.wrong, "see myriad_http_response");
  }
}

}  // namespace

void check_calls(const Subject& subject, Judge& judge) {
  std::vector<std::unique_ptr<Replies>> replies;
  Trial trial(subject, judge);
  trial.begin();
  if (!trial.is_started()) return judge.note("start() did not succeed, so that nothing could be asked");
  if (trial.polls()) trial.poll();
  serve(trial, judge);
  if (!trial.device()) return;
  discover(trial);
  read(trial, judge);
  write(trial, judge);
  invoke(trial, replies, judge);
  trial.stop();
  trial.destroy();
  for (const auto& r : replies)
    if (r->count > 1) judge.fail("an action was replied to twice", "call reply() at most once");
}

}  // namespace myriad::validator
