#!/usr/bin/env bash
# Starts the daemon on ./demo-data with a small simulated city, and prints where to look. Ctrl-C ends it; the data stays.
#   examples/demo/run.sh [--listen HOST:PORT]
set -euo pipefail
cd "$(dirname "$0")/../.."
listen=127.0.0.1:8080
[ "${1:-}" = --listen ] && listen=$2
data=demo-data
ready=$data/ready.json
mkdir -p "$data"
chmod 700 "$data"
rm -f "$ready"
# One password for the life of the demo's data, made here and shown below; nobody else can read the file.
if [ ! -e "$data/password" ]; then
  (umask 077 && head -c 12 /dev/urandom | base64 | tr '+/' 'xy' >"$data/password")
fi
MYRIAD_ADMIN_PASSWORD=$(cat "$data/password") build/bin/myriad serve --data "$data" --listen "$listen" --tls off --ready-file "$ready" --log warn \
  --unsigned-plugins allow &
daemon=$!
trap 'kill -TERM $daemon 2>/dev/null; wait $daemon' INT TERM EXIT
while [ ! -e "$ready" ]; do
  kill -0 $daemon 2>/dev/null || { wait $daemon; exit 1; }
  sleep 0.05
done
/usr/bin/python3 examples/demo/load.py "$ready" "$data/password" examples/demo/instances.json
cat <<TXT

  Myriad is running a small simulated city.
    console   $(/usr/bin/python3 -c "import json; print(json.load(open('$ready'))['url'])")
    user      admin
    password  $(cat "$data/password")
  Ctrl-C ends it; ./dev run starts it again with the same data.

TXT
wait $daemon
