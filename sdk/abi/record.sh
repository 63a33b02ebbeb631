#!/bin/sh
# record.sh [build]: records the plugin ABI as plugin.h now has it: its header in released/<version>/, and the baseline
# of its types. Run it for a new minor, after its row stands in HISTORY.md. A version with a date there is released and
# stays as it was recorded; one that says "not yet" may be recorded again.
set -eu
build=$(realpath "${1:-$(dirname "$0")/../../build}")
cd "$(dirname "$0")"
header=../include/myriad/plugin.h
number() { sed -n "s/^#define MYRIAD_ABI_$1 \([0-9]*\)u.*/\1/p" "$header"; }
version=$(number MAJOR).$(number MINOR)

if ! grep -q "^| $version |" HISTORY.md; then
  echo "HISTORY.md has no row for $version: add '| $version | not yet | what is new |', then run this again" >&2
  exit 1
fi
recorded=released/$version/plugin.h
if [ -e "$recorded" ] && ! grep -q "^| $version | not yet |" HISTORY.md && ! ./guard.py same "$recorded" "$header"; then
  echo "$version is released and its header has changed since: give plugin.h a new MYRIAD_ABI_MINOR, or undo the change" >&2
  exit 1
fi
cmake --build "$build" --target myriad_abi_types
mkdir -p "released/$version"
cp "$header" "$recorded"
abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-architecture --no-elf-needed --drop-private-types \
  --type-id-style hash --out-file baseline.abi "$build/lib/libmyriad_abi.so.$version"
sed -i "s|path='[^']*/sdk/abi/|path='sdk/abi/|" baseline.abi # wherever it was built
echo "recorded ABI $version: $recorded and baseline.abi"
