# Puts the templates of plugins into the program, as text that core/app/plugin/templates.h describes.
#
#   cmake -DFOLDER=sdk/template -DOUT=templates.cpp -P EmbedTemplates.cmake
file(GLOB_RECURSE files LIST_DIRECTORIES false RELATIVE "${FOLDER}" "${FOLDER}/*")
list(SORT files COMPARE STRING)
set(rows "")
foreach(path IN LISTS files)
  file(READ "${FOLDER}/${path}" text)
  string(APPEND rows "    {\"${path}\", R\"template(${text})template\"},\n")
endforeach()
file(WRITE "${OUT}" "#include \"app/plugin/templates.h\"

namespace myriad::app::plugin {
namespace {

constexpr TemplateFile files[] = {
${rows}};

}  // namespace

std::span<const TemplateFile> templates() {
  return files;
}

}  // namespace myriad::app::plugin
")
