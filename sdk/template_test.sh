#!/bin/sh
# template_test.sh <source> <build>: a plugin of each kind, scaffolded outside the tree, builds without a warning and passes
# its test, with the SDK as built and as installed; its library exports one symbol, its folder makes a package.
set -eu
source=$1 build=$2
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
cd "$home"

cmake --install "$build" --prefix "$home/prefix" --component sdk > /dev/null
build_with() { # <where the SDK is> <name> <target>
  rm -rf "$2/build"
  cmake -S "$2" -B "$2/build" -G Ninja -DCMAKE_PREFIX_PATH="$1" -DCMAKE_CXX_FLAGS=-Werror
  cmake --build "$2/build" --target "$3"
  "$source/sdk/abi/exports_test.sh" "$2/build/$2/$2.so"
}
for kind in device protocol analytics; do
  name=acme_$kind
  "$build/bin/myriad" plugin new --kind $kind $name
  if grep -rniE "my[_ ]?$kind" $name; then exit 1; fi  # every name is to be replaced
  build_with "$build" $name all
  ctest --test-dir $name/build --output-on-failure
  for file in manifest.json README.md sample.json icon.svg; do test -f $name/build/$name/$file; done
  "$build/bin/myriad" plugin pack $name/build/$name --out $name.mpk
done
build_with "$home/prefix" acme_device plugin_acme_device
# Names that are words of C++, of its library or of CMake.
for name in int time plugin; do
  "$build/bin/myriad" plugin new --kind device $name
  build_with "$build" $name plugin_$name
done
