// Prometheus' text exposition format, version 0.0.4. Pure.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace myriad::api {

class Exposition {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // Samples of one name are kept together, under one HELP and TYPE, whatever the order of the calls. `type` is
  // "counter" or "gauge"; characters that a name may not have become '_'.
  void add(std::string_view name, std::string_view type, std::string_view help, double value, Labels labels = {});
  std::string text() const;

 private:
  struct Family {
    std::string head, samples;
  };
  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace myriad::api
