// What was measured, in the order in which it was: a table for a person, one JSON object for a program. Not
// thread-safe.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace myriad::app::bench {

class Report {
 public:
  // `key` says the unit too; `what` is for people and may be empty: then only programs see it.
  void add(std::string key, double value, std::string unit, std::string what);
  void add(std::string key, std::string value, std::string what);

  std::string text() const;
  std::string json() const;

 private:
  struct Figure {
    std::string key;
    std::variant<double, std::string> value;
    std::string unit, what;
  };
  std::vector<Figure> figures_;
};

}  // namespace myriad::app::bench
