#!/bin/sh
# Runs docker-image-pusher from wherever this package is unpacked, also through links. The runtime keeps no cache.
set -eu

self=$0
case $self in
  */*) ;;
  *) self=$(command -v -- "$self") ;;
esac
while [ -L "$self" ]; do
  target=$(readlink "$self")
  case $target in
    /*) self=$target ;;
    *) self=${self%/*}/$target ;;
  esac
done
lib=${self%/*}/lib

export DENO_DIR=/dev/null DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1
# shellcheck disable=SC2288 # the flags are put in when the package is made
exec "$lib/deno" run @DENO_FLAGS@ "$lib/node_modules/docker-image-pusher/main.js" "$@"
