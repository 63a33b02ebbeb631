#!/bin/sh
# template_test.sh <source> <build>: the template, copied out of the tree, builds and passes its test with the SDK as
# built and as installed, and its library exports one symbol.
set -eu
source=$1 build=$2
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM

cp -r "$source/sdk/template" "$home/template"
cmake --install "$build" --prefix "$home/prefix" --component sdk > /dev/null
build_with() { # <where the SDK is> <target>
  rm -rf "$home/build"
  cmake -S "$home/template" -B "$home/build" -G Ninja -DCMAKE_PREFIX_PATH="$1" -DCMAKE_CXX_FLAGS=-Werror
  cmake --build "$home/build" --target "$2"
  test -f "$home/build/thermometer/manifest.json"
  "$source/sdk/abi/exports_test.sh" "$home/build/thermometer/thermometer.so"
}
build_with "$home/prefix" plugin_thermometer
build_with "$build" all
ctest --test-dir "$home/build" --output-on-failure
