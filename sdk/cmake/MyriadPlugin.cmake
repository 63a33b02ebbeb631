# myriad_add_plugin(<id> SOURCES <files> [LIBS <libraries>] [MANIFEST <file>] [OUTPUT <folder>])
#
# Builds <folder>/<id>/<id>.so and puts the manifest beside it: what the daemon loads. What else a package may hold is put
# there too, from the manifest's folder. Defaults: manifest.json of this folder, and the build directory. The target is
# plugin_<id>. Only the entry symbol is exported, also when a static library is linked in.
function(myriad_add_plugin id)
  cmake_parse_arguments(ARG "" "MANIFEST;OUTPUT" "SOURCES;LIBS" ${ARGN})
  if(NOT ARG_SOURCES)
    message(FATAL_ERROR "myriad_add_plugin(${id}): name its SOURCES")
  endif()
  if(NOT ARG_MANIFEST)
    set(ARG_MANIFEST ${CMAKE_CURRENT_SOURCE_DIR}/manifest.json)
  endif()
  if(NOT ARG_OUTPUT)
    set(ARG_OUTPUT ${CMAKE_BINARY_DIR})
  endif()
  set(home ${ARG_OUTPUT}/${id})
  add_library(plugin_${id} MODULE ${ARG_SOURCES})
  set_target_properties(plugin_${id} PROPERTIES PREFIX "" OUTPUT_NAME ${id} LIBRARY_OUTPUT_DIRECTORY ${home}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_libraries(plugin_${id} PRIVATE Myriad::sdk ${ARG_LIBS})
  # Hidden visibility alone leaves the templates of the standard library visible.
  target_link_options(plugin_${id} PRIVATE -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  configure_file(${ARG_MANIFEST} ${home}/manifest.json COPYONLY)
  cmake_path(GET ARG_MANIFEST PARENT_PATH source)
  file(GLOB others CONFIGURE_DEPENDS RELATIVE ${source} ${source}/README.md ${source}/LICENSE ${source}/sample.json
    ${source}/schema.json ${source}/icon.svg ${source}/icon.png ${source}/translations/*.json)
  foreach(other IN LISTS others)
    configure_file(${source}/${other} ${home}/${other} COPYONLY)
  endforeach()
endfunction()
