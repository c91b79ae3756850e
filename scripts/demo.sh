#!/bin/sh
# Shows what docker-image-pusher does, with an image and a registry made on the spot; nothing is left behind.
# Needs a shell and Deno 2.9 or Node with npm.
set -eu

cd "$(dirname "$0")/.."
# shellcheck source=scripts/find_deno.sh disable=SC1091
. scripts/find_deno.sh

find_deno
exec deno run --quiet -A scripts/demo.ts
