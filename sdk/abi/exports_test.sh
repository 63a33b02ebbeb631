#!/bin/sh
# exports_test.sh <library>: a plugin exports its entry and nothing else.
set -eu
shown=$(nm -D --defined-only --format=posix "$1" | cut -d' ' -f1)
if [ "$shown" != myriad_plugin_entry_v1 ]; then
  echo "$1 exports more or less than myriad_plugin_entry_v1: link it with sdk/cmake/plugin.map. It shows:"
  echo "$shown"
  exit 1
fi
