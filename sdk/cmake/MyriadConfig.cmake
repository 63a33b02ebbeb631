# find_package(Myriad): the target Myriad::sdk and the function myriad_add_plugin().
include(CMakeFindDependencyMacro)
find_dependency(nlohmann_json)
include(${CMAKE_CURRENT_LIST_DIR}/MyriadTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/MyriadPlugin.cmake)
