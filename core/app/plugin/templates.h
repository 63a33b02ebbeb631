// The files under sdk/template, as they are there. They last for the process.
#pragma once

#include <span>
#include <string_view>

namespace myriad::app::plugin {

struct TemplateFile {
  std::string_view path;  // "device/plugin.cpp"
  std::string_view text;
};

std::span<const TemplateFile> templates();  // by path

}  // namespace myriad::app::plugin
