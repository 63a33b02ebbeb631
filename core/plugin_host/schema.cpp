// Without it valijson ends the process at a broken schema.
#define VALIJSON_USE_EXCEPTIONS 1
#include "plugin_host/schema.h"

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "plugin_host/explain.h"
#include "plugin_host/schema_rules.h"

namespace myriad::plugin_host {
namespace {

using nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

// valijson writes a place as "<root>", "[points]", "[0]".
Error to_error(valijson::ValidationResults& results) {
  valijson::ValidationResults::Error deepest, error;
  while (results.popError(error))
    if (error.context.size() > deepest.context.size()) deepest = error;
  std::string pointer;
  for (const auto& step : deepest.context)
    if (step.size() > 2 && step.front() == '[') pointer += "/" + step.substr(1, step.size() - 2);
  return {Code::invalid, deepest.description, pointer};
}

class Compiled final : public Schema {
 public:
  Compiled(const json& source, Patterns patterns)
      : source_(source), patterns_(std::move(patterns)), relaxed_(without_patterns(source)) {
    valijson::SchemaParser().populateSchema(Adapter(relaxed_), schema_);
  }

  Status check(const json& document) const override {
    try {
      if (auto problem = explain(source_, patterns_, document))
        return Error{Code::invalid, problem->message, problem->pointer};
      valijson::ValidationResults results;
      if (valijson::Validator().validate(schema_, Adapter(document), &results)) return {};
      return to_error(results);
    } catch (const std::exception& e) {
      return Error{Code::invalid, std::string("the plugin's schema cannot be applied: ") + e.what()};
    }
  }

 private:
  const json& source_;
  const Patterns patterns_;
  const json relaxed_;
  valijson::Schema schema_;
};

}  // namespace

Result<std::unique_ptr<Schema>> Schema::compile(const json& schema) {
  Patterns patterns;
  if (auto ok = check_rules(schema, patterns); !ok) return ok.error();
  try {
    return std::unique_ptr<Schema>(std::make_unique<Compiled>(schema, std::move(patterns)));
  } catch (const std::exception& e) {
    return Error{Code::invalid, std::string("config_schema is no JSON Schema of draft 7: ") + e.what()};
  }
}

}  // namespace myriad::plugin_host
