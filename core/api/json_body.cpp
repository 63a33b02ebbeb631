#include "api/json_body.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace myriad::api {
namespace {

using nlohmann::json;

constexpr std::size_t deepest = 64;

std::string position(std::string_view text, std::size_t at) {
  const auto before = text.substr(0, std::min(at, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto start = before.rfind('\n');
  const auto column = start == std::string_view::npos ? before.size() : before.size() - start - 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

// Builds the document and stops at the first rule broken.
class Builder final : public json::json_sax_t {
 public:
  explicit Builder(std::string_view text) : text_(text) {}

  json take() { return std::move(root_); }
  Error fault() { return std::move(fault_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool v) override { return put(v); }
  bool number_integer(number_integer_t v) override { return put(v); }
  bool number_unsigned(number_unsigned_t v) override { return put(v); }
  bool number_float(number_float_t v, const string_t&) override { return put(v); }
  bool string(string_t& v) override { return put(std::move(v)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto& [object, key] = stack_.back();
    key = std::move(name);
    if (!object->contains(key)) return true;
    fault_ = {Code::invalid, "member '" + key.substr(0, 80) + "' occurs twice: send it once", pointer()};
    return false;
  }

  bool parse_error(std::size_t at, const std::string&, const json::exception& why) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 3: syntax error while …": keep the reason.
    std::string what = why.what();
    what.erase(0, what.find("] ") + 2);
    if (what.starts_with("parse error at")) what.erase(0, what.find(": ") + 2);
    fault_ = {Code::invalid, "the body is no JSON at " + position(text_, at) + ": " + what.substr(0, 200), pointer()};
    return false;
  }

 private:
  json* add(json&& value) {
    if (stack_.empty()) return &(root_ = std::move(value));
    auto& [parent, key] = stack_.back();
    if (parent->is_object()) return &((*parent)[key] = std::move(value));
    parent->push_back(std::move(value));
    return &parent->back();
  }

  bool put(json&& value) {
    add(std::move(value));
    return done();
  }

  bool done() {
    if (!stack_.empty()) stack_.back().key.clear();
    return true;
  }

  bool open(json&& container) {
    if (stack_.size() == deepest) {
      fault_ = {Code::invalid, "the body is nested more than " + std::to_string(deepest) + " deep: flatten it",
                pointer()};
      return false;
    }
    json* added = add(std::move(container));
    stack_.push_back({added, ""});
    return true;
  }

  bool close() {
    stack_.pop_back();
    return done();
  }

  // Of what was being read. A container counts in the array around it as soon as it is open.
  std::string pointer() const {
    std::string out;
    for (std::size_t i = 0; i < stack_.size(); ++i) {
      const auto& [container, key] = stack_[i];
      const std::size_t counted = i + 1 < stack_.size() ? 1 : 0;
      if (container->is_array())
        out += '/' + std::to_string(container->size() - counted);
      else if (!key.empty())
        out += '/' + pointer_token(key);
    }
    return out;
  }

  struct Open {
    json* container;
    std::string key;  // of an object: the member being read; empty between two
  };

  std::string_view text_;
  json root_;
  std::vector<Open> stack_;
  Error fault_{Code::invalid, "the body is no JSON"};
};

}  // namespace

Result<json> parse_json(std::string_view text) {
  Builder builder(text);
  if (!json::sax_parse(text.begin(), text.end(), &builder)) return builder.fault();
  return builder.take();
}

Result<json> parse_object(std::string_view text) {
  auto parsed = parse_json(text);
  if (parsed && !parsed->is_object())
    return Error{Code::invalid, std::string("the body is ") + parsed->type_name() + ": send a JSON object"};
  return parsed;
}

Result<std::string> text_member(const json& object, const char* name) {
  const auto it = object.find(name);
  if (it == object.end())
    return Error{Code::invalid, std::string("member '") + name + "' is missing", std::string("/") + name};
  if (!it->is_string())
    return Error{Code::invalid, std::string("member '") + name + "' is " + it->type_name() + ": send text",
                 std::string("/") + name};
  return it->get<std::string>();
}

std::string pointer_token(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

}  // namespace myriad::api
