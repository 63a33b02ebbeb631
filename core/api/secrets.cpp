#include "api/secrets.h"

#include <nlohmann/json.hpp>

namespace myriad::api {
namespace {

using nlohmann::json;

// Walks a document beside the parts of a JSON Schema (draft 7) that describe it.
class Walk {
 public:
  explicit Walk(const json& root) : root_(root) {}
  virtual ~Walk() = default;

 protected:
  static constexpr int deepest = 32;  // a schema may refer to itself

  virtual void secret(json& object, const std::string& member, const json* stored) = 0;

  void visit(const json& schema, json& value, const json* stored, int depth = 0) {
    if (!schema.is_object() || depth > deepest) return;
    if (const json* target = target_of(schema)) visit(*target, value, stored, depth + 1);
    for (const char* group : {"allOf", "anyOf", "oneOf"})
      if (const auto it = schema.find(group); it != schema.end() && it->is_array())
        for (const auto& part : *it) visit(part, value, stored, depth + 1);
    for (const char* branch : {"then", "else"})
      if (const auto it = schema.find(branch); it != schema.end()) visit(*it, value, stored, depth + 1);
    if (value.is_object()) visit_members(schema, value, stored, depth);
    if (value.is_array()) visit_items(schema, value, stored, depth);
  }

  const json& root_;

 private:
  const json* target_of(const json& schema) const {
    const auto ref = schema.find("$ref");
    if (ref == schema.end() || !ref->is_string()) return nullptr;
    const auto& text = ref->get_ref<const std::string&>();
    if (!text.starts_with("#/")) return nullptr;
    const json::json_pointer pointer(text.substr(1));
    return root_.contains(pointer) ? &root_.at(pointer) : nullptr;
  }

  static const json* member_of(const json* object, const std::string& name) {
    if (!object || !object->is_object()) return nullptr;
    const auto it = object->find(name);
    return it == object->end() ? nullptr : &*it;
  }

  void visit_members(const json& schema, json& value, const json* stored, int depth) {
    const auto properties = schema.find("properties");
    const auto others = schema.find("additionalProperties");
    std::vector<std::string> names;
    for (const auto& [name, member] : value.items()) names.push_back(name);
    for (const auto& name : names) {
      const json* part = properties != schema.end() ? member_of(&*properties, name) : nullptr;
      if (!part && others != schema.end()) part = &*others;
      if (!part || !part->is_object()) continue;
      if (part->value("writeOnly", false))
        secret(value, name, member_of(stored, name));
      else
        visit(*part, value[name], member_of(stored, name), depth + 1);
    }
  }

  void visit_items(const json& schema, json& value, const json* stored, int depth) {
    const auto items = schema.find("items");
    if (items == schema.end()) return;
    for (std::size_t i = 0; i < value.size(); ++i)
      visit(*items, value[i], twin_of(*items, value[i], stored, i), depth + 1);
  }

  // The stored item whose secrets belong to `item`.
  const json* twin_of(const json& schema, const json& item, const json* stored, std::size_t index) const;
};

class Hide final : public Walk {
 public:
  using Walk::Walk;
  json run(const json& schema, json config) {
    visit(schema, config, nullptr);
    return config;
  }

 private:
  void secret(json& object, const std::string& member, const json*) override { object[member] = nullptr; }
};

class Keep final : public Walk {
 public:
  using Walk::Walk;
  json run(json fresh, const json& stored) {
    visit(root_, fresh, &stored);
    return fresh;
  }

 private:
  void secret(json& object, const std::string& member, const json* stored) override {
    if (!object[member].is_null()) return;
    if (stored)
      object[member] = *stored;
    else
      object.erase(member);
  }
};

const json* Walk::twin_of(const json& schema, const json& item, const json* stored, std::size_t index) const {
  if (!stored || !stored->is_array()) return nullptr;
  Hide hide(root_);
  const json shown = hide.run(schema, item);
  for (const auto& one : *stored)
    if (hide.run(schema, one) == shown) return &one;
  return index < stored->size() ? &(*stored)[index] : nullptr;
}

}  // namespace

json hide_secrets(const json& schema, json config) {
  return Hide(schema).run(schema, std::move(config));
}

json keep_secrets(const json& schema, json fresh, const json& stored) {
  return Keep(schema).run(std::move(fresh), stored);
}

}  // namespace myriad::api
