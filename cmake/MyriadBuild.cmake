# How everything here is compiled, and the three functions that the folders use:
#   myriad_floor(<name> USES <lower floors> LIBS <libraries>)   core/<name>/*.cpp → static library, *_test.cpp → <name>_test
#   myriad_plugin(<id> LIBS <libraries>)                        a plugin folder → plugins/<id>/<id>.so and manifest.json
#   myriad_test(<target> SOURCES ... LIBS ...)                  a GoogleTest program known to ctest

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 99)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
# -g1 keeps line numbers for backtraces and profiles at a third of the size.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(myriad_warnings INTERFACE)
target_compile_options(myriad_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wswitch-enum -Werror)

if(MYRIAD_SANITIZE)
  # -O2 makes instrumented template code several times slower to compile, for little.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
  add_compile_options(-fsanitize=${MYRIAD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MYRIAD_SANITIZE})
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)  # GCC sees ghosts in instrumented <regex>
else()
  # Checked containers cost little and turn an overrun into an abort with a line number.
  add_compile_definitions($<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
endif()

if(MYRIAD_FUZZ)
  # clang 14 knows coroutines and does not tell libstdc++ and Boost; its function sanitizer cannot place them.
  add_compile_options(-fsanitize=fuzzer-no-link
    $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=function>)
  add_compile_definitions($<$<COMPILE_LANGUAGE:CXX>:__cpp_impl_coroutine=201902L>
    BOOST_ASIO_HAS_CO_AWAIT BOOST_ASIO_HAS_STD_COROUTINE)
endif()

include(${CMAKE_SOURCE_DIR}/sdk/cmake/MyriadPlugin.cmake)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(Poco REQUIRED COMPONENTS Foundation Util Net Crypto JWT)
find_package(Boost REQUIRED COMPONENTS filesystem)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
if(MYRIAD_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

function(myriad_test target)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  if(NOT MYRIAD_TESTS)
    return()
  endif()
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE ${ARG_LIBS} GTest::gtest GTest::gmock GTest::gtest_main myriad_warnings)
  gtest_discover_tests(${target} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120)
endfunction()

function(myriad_floor name)
  cmake_parse_arguments(ARG "" "" "USES;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cpp)
  list(REMOVE_ITEM sources ${tests})
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  list(TRANSFORM ARG_USES PREPEND myriad_)
  add_library(myriad_${name} STATIC ${sources})
  target_include_directories(myriad_${name} PUBLIC ${CMAKE_SOURCE_DIR}/core)
  target_link_libraries(myriad_${name} PUBLIC ${ARG_USES} ${ARG_LIBS} Threads::Threads PRIVATE myriad_warnings)
  if(tests)
    myriad_test(${name}_test SOURCES ${tests} LIBS myriad_${name})
  endif()
endfunction()

# A plugin shows one symbol, so that two plugins with the same library inside never meet.
function(myriad_exports_test id)
  if(MYRIAD_TESTS)
    add_test(NAME ${id}_exports COMMAND ${CMAKE_SOURCE_DIR}/sdk/abi/exports_test.sh $<TARGET_FILE:plugin_${id}>)
  endif()
endfunction()

# Plugin headers of the folder itself are included by file name; everything else comes from the SDK.
function(myriad_plugin id)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cpp)
  list(REMOVE_ITEM sources ${tests})
  myriad_add_plugin(${id} SOURCES ${sources} LIBS ${ARG_LIBS} Threads::Threads myriad_warnings
    OUTPUT ${CMAKE_BINARY_DIR}/plugins)
  myriad_exports_test(${id})
  if(MYRIAD_TESTS)
    add_test(NAME plugin_check.${id} COMMAND myriad plugin check $<TARGET_FILE:plugin_${id}>)
    set_tests_properties(plugin_check.${id} PROPERTIES TIMEOUT 300)
  endif()
  if(tests)
    myriad_test(${id}_plugin_test SOURCES ${tests} ${sources} LIBS Myriad::sdk ${ARG_LIBS} Threads::Threads)
    if(TARGET ${id}_plugin_test)
      target_compile_definitions(${id}_plugin_test PRIVATE PLUGIN_DIR="${CMAKE_CURRENT_SOURCE_DIR}")
    endif()
  endif()
endfunction()
