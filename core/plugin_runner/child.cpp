#include "plugin_runner/child.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "plugin_runner/confine.h"
#include "plugin_runner/remote_host.h"

namespace myriad::plugin_runner {
namespace {

using nlohmann::json;

struct Reply {
  myriad_status status = MYRIAD_OK;
  std::string message = {};
  Writer more = {};  // behind the message
};

// Calls f(&error) and takes over what it filled in.
template <class F>
Reply called(F&& f) {
  myriad_error error{sizeof(myriad_error), 0, ""};
  const myriad_status status = f(&error);
  error.message[sizeof error.message - 1] = '\0';
  return {status, status == MYRIAD_OK ? "" : error.message};
}

Reply broken(std::string why) {
  return {MYRIAD_E_INTERNAL, std::move(why)};
}
Reply unsupported(std::string_view what) {
  return {MYRIAD_E_UNSUPPORTED, "this plugin does not " + std::string(what)};
}

class Child {
 public:
  explicit Child(const Load& load) : load_(load), calls_(calls_fd), host_(side_fd) {}

  // Until the daemon is gone.
  void run() {
    Message message;
    while (calls_.receive(message, true) == Receiver::Got::message) {
      const auto reply = answer(static_cast<Type>(message.header.type), message);
      const auto head = Writer().text(reply.message);
      const std::string_view parts[] = {head.bytes(), reply.more.bytes()};
      const Header header{message.header.type, 0, reply.status, message.header.id};
      if (send_message(calls_fd, header, parts, [](bool) { return wait_to_send(calls_fd); }) != Sent::all) return;
    }
  }

 private:
  using Handler = Reply (Child::*)(Reader&, std::uint64_t id);

  Reply answer(Type type, const Message& message) {
    static constexpr std::pair<Type, Handler> handlers[] = {
        {Type::start, &Child::start},       {Type::stop, &Child::stop},     {Type::destroy, &Child::destroy},
        {Type::discover, &Child::discover}, {Type::poll, &Child::poll},     {Type::read, &Child::read},
        {Type::write, &Child::write},       {Type::invoke, &Child::invoke}, {Type::deliver, &Child::deliver},
        {Type::process, &Child::process},   {Type::save, &Child::save},     {Type::load, &Child::load},
        {Type::serve, &Child::serve},       {Type::fire, &Child::fire}};
    Reader in(message.payload);
    if (type == Type::setup) return setup(in, message.header.id);
    if (!api_) return broken("the first message is `setup`");
    if (type == Type::create) return create(std::string(in.text()));
    if (!instance_) return broken("`create` comes before this");
    for (const auto& [known, handler] : handlers)
      if (known == type) return (this->*handler)(in, message.header.id);
    return {MYRIAD_E_UNSUPPORTED, "this runner does not know the call " + std::to_string(message.header.type)};
  }

  Reply setup(Reader& in, std::uint64_t id) {
    const auto document = json::parse(in.text(), nullptr, false);
    const auto grants = grants_from(in.text());
    if (!document.is_object() || !grants) return broken("`setup` is not what this runner understands");
    const auto confined = confine(*grants);
    if (!confined) return {MYRIAD_E_INTERNAL, "its process cannot be confined: " + confined.error().message};
    const auto library = document.value("library", "");
    if (!grants->programs.empty()) {
      for (const auto& gap : confined->gaps) host_.log(MYRIAD_LOG_WARN, "not confined: " + gap);
      return become(document.value("command", json::array()), library, id);
    }
    const auto api = load_(library, document.value("plugin", ""));
    if (!api) return {MYRIAD_E_UNSUPPORTED, api.error().message};
    api_ = *api;
    std::thread([this] {
      host_.listen([this] { cancel(); });
      ::_exit(0);  // the daemon is gone, and whoever still runs here would wait for it
    }).detach();
    Reply reply;
    reply.more.text(json{{"gaps", confined->gaps}}.dump());
    return reply;
  }

  // Another host for another language takes over, with both sockets. It answers this question.
  static Reply become(const json& command, const std::string& library, std::uint64_t id) {
    auto words = command.get<std::vector<std::string>>();
    if (words.empty()) return broken("`setup` grants programs and names no command");
    words.push_back(library);
    words.push_back(std::to_string(id));
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execv(arguments[0], arguments.data());
    return broken("cannot run " + words[0] + ": " + std::strerror(errno));
  }

  Reply create(const std::string& config) {
    myriad_instance* made = nullptr;
    auto reply = called([&](myriad_error* e) { return api_->create(host_.raw(), config.c_str(), &made, e); });
    if (reply.status != MYRIAD_OK) return reply;
    if (!made) return broken("create() reported success and gave no instance");
    {
      const std::lock_guard lock(mutex_);
      instance_ = made;
    }
    find_extensions(reply.more);
    return reply;
  }

  // Tells which it serves. A table too short for its first function is none.
  void find_extensions(Writer& served) {
    const auto find = [&](const char* id) { return api_->get_extension(instance_, id); };
    device_ = static_cast<const myriad_ext_device*>(find(MYRIAD_EXT_DEVICE));
    sink_ = static_cast<const myriad_ext_sink*>(find(MYRIAD_EXT_SINK));
    processor_ = static_cast<const myriad_ext_processor*>(find(MYRIAD_EXT_PROCESSOR));
    http_ = static_cast<const myriad_ext_http*>(find(MYRIAD_EXT_HTTP));
    if (sink_ && !MYRIAD_HAS(sink_, myriad_ext_sink, deliver)) sink_ = nullptr;
    if (processor_ && !MYRIAD_HAS(processor_, myriad_ext_processor, process)) processor_ = nullptr;
    if (http_ && !MYRIAD_HAS(http_, myriad_ext_http, serve)) http_ = nullptr;
    const std::pair<const void*, const char*> all[] = {{device_, MYRIAD_EXT_DEVICE},
                                                       {sink_, MYRIAD_EXT_SINK},
                                                       {processor_, MYRIAD_EXT_PROCESSOR},
                                                       {http_, MYRIAD_EXT_HTTP}};
    for (const auto& [table, id] : all)
      if (table) served.text(std::string_view(id));
  }

  Reply start(Reader&, std::uint64_t) {
    return called([&](myriad_error* e) { return api_->start(instance_, e); });
  }

  Reply stop(Reader&, std::uint64_t) {
    api_->stop(instance_);
    host_.forget_ticks();
    return {};
  }

  Reply destroy(Reader&, std::uint64_t) {
    const std::lock_guard lock(mutex_);
    api_->destroy(std::exchange(instance_, nullptr));
    return {};
  }

  void cancel() {
    const std::lock_guard lock(mutex_);
    if (instance_) api_->cancel(instance_);
  }

  Reply discover(Reader& in, std::uint64_t) {
    if (!device_ || !MYRIAD_HAS(device_, myriad_ext_device, discover)) return unsupported("discover devices");
    return called([&](myriad_error* e) { return device_->discover(instance_, in.number<std::int64_t>(), e); });
  }

  Reply poll(Reader& in, std::uint64_t) {
    if (!device_ || !MYRIAD_HAS(device_, myriad_ext_device, poll)) return unsupported("poll devices");
    return called([&](myriad_error* e) { return device_->poll(instance_, in.number<std::int64_t>(), e); });
  }

  Reply read(Reader& in, std::uint64_t) {
    if (!device_ || !MYRIAD_HAS(device_, myriad_ext_device, read)) return unsupported("read on demand");
    const auto deadline = in.number<std::int64_t>();
    std::vector<std::uint32_t> points(std::min<std::size_t>(in.number<std::uint32_t>(), max_message / 4));
    for (auto& point : points) host_.learn_point(point = in.number<std::uint32_t>());
    if (!in.done()) return broken("`read` is cut short");
    const auto count = static_cast<std::uint32_t>(points.size());
    return called([&](myriad_error* e) { return device_->read(instance_, points.data(), count, deadline, e); });
  }

  Reply write(Reader& in, std::uint64_t) {
    if (!device_ || !MYRIAD_HAS(device_, myriad_ext_device, write)) return unsupported("write");
    const auto batch = in.batch();
    if (!batch) return broken("`write` is cut short");
    host_.learn_points({{batch->readings, batch->count}, {}});
    std::vector<myriad_status> each(batch->count, MYRIAD_E_INTERNAL);
    auto reply = called([&](myriad_error* e) { return device_->write(instance_, &*batch, each.data(), e); });
    for (const auto status : each) reply.more.number(status);
    return reply;
  }

  Reply invoke(Reader& in, std::uint64_t id) {
    if (!device_ || !MYRIAD_HAS(device_, myriad_ext_device, invoke)) return unsupported("perform actions");
    const auto thing = in.text(), action = in.text(), input = in.text();
    host_.expect_reply(id);
    auto* user = reinterpret_cast<void*>(static_cast<std::uintptr_t>(id));
    auto reply = called([&](myriad_error* e) {
      return device_->invoke(instance_, raw(thing), raw(action), raw(input), &RemoteHost::reply, user, e);
    });
    if (reply.status != MYRIAD_OK) host_.forget_reply(id);
    return reply;
  }

  Reply deliver(Reader& in, std::uint64_t) {
    const auto batch = take_batch(in);
    if (!sink_ || !batch) return sink_ ? broken("`deliver` is cut short") : unsupported("send readings out");
    return called([&](myriad_error* e) { return sink_->deliver(instance_, &*batch, e); });
  }

  Reply process(Reader& in, std::uint64_t) {
    const auto batch = take_batch(in);
    if (!processor_ || !batch) return processor_ ? broken("`process` is cut short") : unsupported("compute readings");
    return called([&](myriad_error* e) { return processor_->process(instance_, &*batch, e); });
  }

  std::optional<myriad_batch> take_batch(Reader& in) {
    const auto batch = in.batch();
    if (batch) host_.learn_points({{batch->readings, batch->count}, {}});
    return batch;
  }

  Reply save(Reader&, std::uint64_t) {
    std::string state;
    const auto write = [](void* user, const void* data, std::size_t size) {
      static_cast<std::string*>(user)->append(static_cast<const char*>(data), size);
    };
    Reply reply;
    if (processor_ && MYRIAD_HAS(processor_, myriad_ext_processor, save))
      reply.status = processor_->save(instance_, write, &state);
    reply.more.text(state);
    return reply;
  }

  Reply load(Reader& in, std::uint64_t) {
    if (!processor_ || !MYRIAD_HAS(processor_, myriad_ext_processor, load)) return {};
    const auto state = in.text();
    return called([&](myriad_error* e) { return processor_->load(instance_, state.data(), state.size(), e); });
  }

  Reply serve(Reader& in, std::uint64_t) {
    if (!http_) return unsupported("serve HTTP");
    myriad_http_request request{};
    request.struct_size = sizeof request;
    for (auto* field :
         {&request.method, &request.path, &request.query, &request.content_type, &request.body, &request.user})
      *field = raw(in.text());
    struct Got {
      bool responded = false;
      Writer response;
    } got;
    const auto respond = [](void* user, const myriad_http_response* r) {
      auto& out = *static_cast<Got*>(user);
      if (!std::exchange(out.responded, true)) out.response.number(r->status).text(r->content_type).text(r->body);
    };
    auto reply = called([&](myriad_error* e) { return http_->serve(instance_, &request, respond, &got, e); });
    if (reply.status == MYRIAD_OK && !got.responded) return broken("serve() reported success and gave no response");
    reply.more = std::move(got.response);
    return reply;
  }

  Reply fire(Reader& in, std::uint64_t) {
    const auto timer = in.number<std::uint64_t>();
    const auto tick = host_.take_tick(timer);
    return tick ? called([&](myriad_error* e) { return tick->fire(tick->user, timer, e); }) : Reply();
  }

  const Load& load_;
  Receiver calls_;
  RemoteHost host_;
  const myriad_plugin_api* api_ = nullptr;
  std::mutex mutex_;  // guards the pointer against cancel() beside destroy()
  myriad_instance* instance_ = nullptr;
  const myriad_ext_device* device_ = nullptr;
  const myriad_ext_sink* sink_ = nullptr;
  const myriad_ext_processor* processor_ = nullptr;
  const myriad_ext_http* http_ = nullptr;
};

bool is_packet_socket(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

}  // namespace

int run_child(const Load& load) {
  if (!is_packet_socket(calls_fd) || !is_packet_socket(side_fd)) {
    std::fputs("myriad: plugin-runner is started by the daemon, one for each isolated instance\n", stderr);
    return 2;
  }
  Child child(load);
  child.run();
  ::_exit(0);
}

}  // namespace myriad::plugin_runner
