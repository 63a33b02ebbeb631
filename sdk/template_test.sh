#!/bin/sh
# template_test.sh <source> <build>: the template, copied out of the tree, builds and passes its test with the SDK as
# built and as installed, and its library exports one symbol.
set -eu
source=$1 build=$2
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM

cp -r "$source/sdk/template" "$home/template"
cmake --install "$build" --prefix "$home/prefix" --component sdk > /dev/null
for sdk in "$build" "$home/prefix"; do
  cmake -S "$home/template" -B "$home/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_PREFIX_PATH="$sdk" \
    -DCMAKE_CXX_FLAGS=-Werror
  cmake --build "$home/build"
  ctest --test-dir "$home/build" --output-on-failure
  test -f "$home/build/thermometer/manifest.json"
  "$source/sdk/abi/exports_test.sh" "$home/build/thermometer/thermometer.so"
  rm -rf "$home/build"
done
