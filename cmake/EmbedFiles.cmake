# Puts files into the program, as they are, through the assembler's .incbin: any size costs no compile time.
#
#   cmake -DFOLDER=web/dist -DFALLBACK=other/folder -DOPENAPI=openapi.json -DOUT=embedded -P EmbedFiles.cmake
#
# writes OUT.S and OUT.cpp, which core/api/embedded.h describes. FALLBACK is used when FOLDER has no index.html. A file
# with a ".gz" of the same name beside it brings that along.
if(NOT EXISTS "${FOLDER}/index.html")
  set(FOLDER "${FALLBACK}")
endif()

set(assembly ".section .rodata\n")
set(declarations "")
set(rows "")
set(number 0)

# Sets `view` to a C++ expression for the bytes of `file`.
macro(embed file)
  math(EXPR number "${number} + 1")
  set(symbol "myriad_embedded_${number}")
  string(APPEND assembly ".global ${symbol}\n.balign 16\n${symbol}:\n.incbin \"${file}\"\n.global ${symbol}_end\n"
    "${symbol}_end:\n.byte 0\n")
  string(APPEND declarations "extern \"C\" const char ${symbol}[], ${symbol}_end[];\n")
  set(view "{${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol})}")
endmacro()

macro(row path file)
  file(SHA256 "${file}" digest)
  string(SUBSTRING "${digest}" 0 20 digest)
  embed("${file}")
  set(gzip "{}")
  set(plain "${view}")
  if(EXISTS "${file}.gz")
    embed("${file}.gz")
    set(gzip "${view}")
  endif()
  set(line "    {\"${path}\", ${plain}, ${gzip}, \"${digest}\"},\n")
endmacro()

file(GLOB_RECURSE files LIST_DIRECTORIES false RELATIVE "${FOLDER}" "${FOLDER}/*")
list(FILTER files EXCLUDE REGEX "\\.gz$")
list(SORT files COMPARE STRING)
foreach(path IN LISTS files)
  row("${path}" "${FOLDER}/${path}")
  string(APPEND rows "${line}")
endforeach()
row("openapi.json" "${OPENAPI}")
set(openapi_row "${line}")

file(WRITE "${OUT}.S" "${assembly}.section .note.GNU-stack,\"\",%progbits\n")
file(WRITE "${OUT}.cpp" "#include \"api/embedded.h\"\n\n#include <cstddef>\n\n${declarations}
namespace myriad::api {
namespace {

const EmbeddedFile console[] = {
${rows}};
const EmbeddedFile openapi[] = {
${openapi_row}};

}  // namespace

std::span<const EmbeddedFile> embedded_console() {
  return console;
}

const EmbeddedFile& embedded_openapi() {
  return openapi[0];
}

}  // namespace myriad::api
")
