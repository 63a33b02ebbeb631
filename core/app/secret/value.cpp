#include "app/secret/value.h"

#include <openssl/ui.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "security/cleanse.h"
#include "security/secrets.h"

namespace myriad::app::secret {
namespace {

constexpr std::size_t value_max = security::Secrets::value_max;
constexpr std::size_t line_max = 4'095;  // of a terminal, see termios(3)

struct Free {
  void operator()(UI* ui) const { UI_free(ui); }
};

// OpenSSL's prompt gives the terminal its echo back, also when it is interrupted.
Result<std::string> ask_twice(const std::string& name) {
  std::string first(line_max + 1, '\0'), second = first;
  const security::Cleanser one(first), other(second);
  const std::unique_ptr<UI, Free> ui(UI_new());
  const std::string prompt = "Value of " + name + ": ";
  const bool ready = ui && UI_add_input_string(ui.get(), prompt.c_str(), 0, first.data(), 0, line_max) > 0 &&
                     UI_add_input_string(ui.get(), "The same again: ", 0, second.data(), 0, line_max) > 0;
  if (!ready || UI_process(ui.get()) != 0) return Error{Code::cancelled, "nothing was set: the terminal gave no value"};
  if (first != second) return Error{Code::invalid, "nothing was set: the two values differ. Try again"};
  return std::string(first.c_str());
}

Result<std::string> read_all() {
  std::string out;
  std::array<char, 4'096> piece;
  for (;;) {
    const auto n = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{Code::unavailable, std::string("cannot read standard input: ") + std::strerror(errno)};
    if (n == 0) break;
    out.append(piece.data(), static_cast<std::size_t>(n));
    if (out.size() > value_max + 1)
      return Error{Code::too_large,
                   "standard input has more than the " + std::to_string(value_max) + " bytes that a secret may have"};
  }
  OPENSSL_cleanse(piece.data(), piece.size());
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

}  // namespace

Result<std::string> read_value(const std::string& name) {
  auto value = ::isatty(STDIN_FILENO) ? ask_twice(name) : read_all();
  if (value && value->empty())
    return Error{Code::invalid, "the value is empty: give it on standard input, as in `myriad secret set " + name +
                                    " --instance ID < FILE`, or type it in a terminal"};
  return value;
}

}  // namespace myriad::app::secret
