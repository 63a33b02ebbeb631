// Expected failure as a value. No exception of ours crosses a floor; libraries that throw are caught at one edge each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace myriad {

enum class Code : std::uint8_t {
  invalid,  // the caller's value breaks a rule; `field` names it
  not_found,
  exists,       // the name is taken
  conflict,     // it changed since the caller looked, or is in use
  unsupported,  // this build, plugin or device cannot do that
  unavailable,  // a device, peer or disk is away; later may work
  timeout,
  cancelled,
  again,  // a queue is full: slow down and repeat
  denied,
  too_large,
  internal,  // a bug of ours
};

// What went wrong: the value and the remedy, for people; the code, for programs.
struct Error {
  Code code = Code::internal;
  std::string message;
  std::string field = {};  // JSON pointer or parameter name at fault; may be empty
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Error error) : state_(std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Error& error() const { return std::get<1>(state_); }
  T value_or(T other) const { return *this ? **this : std::move(other); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  explicit operator bool() const { return !error_; }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace myriad
