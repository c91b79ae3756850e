#!/bin/sh
# docker-image-pusher @VERSION@ in one file: unpacks itself once into the user's cache, and runs from there.
set -eu

PAYLOAD_SHA256=@SHA256@
PAYLOAD_LINE=@LINE@
DIRECTORY=@DIRECTORY@

fail() {
  printf 'error: Cannot run "%s": %s\n' "$0" "$1" >&2
  printf '  hint: %s\n' "$2" >&2
  exit 70
}

payload() {
  tail -n "+$PAYLOAD_LINE" "$self"
}

sha256_of_payload() {
  if command -v sha256sum >/dev/null 2>&1; then payload | sha256sum
  elif command -v shasum >/dev/null 2>&1; then payload | shasum -a 256
  elif command -v openssl >/dev/null 2>&1; then payload | openssl dgst -sha256 -r
  else fail "there is no program that makes checksums" "Install coreutils or openssl."
  fi | cut -d ' ' -f 1
}

# Unpacks beside the place and moves it there in one step: several may start at the same time.
unpack() {
  [ "$(sha256_of_payload)" = "$PAYLOAD_SHA256" ] || fail "the file is damaged" "Download it again."
  part=$(mktemp -d "$cache/.part-XXXXXX") || return 1
  trap 'rm -rf "$part"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  payload | gzip -d | tar -x -f - -C "$part" || fail "it cannot be unpacked into $cache" "Free space there."
  # One that came too late ends up inside of the first, or not even there. Others that did may be removing it, too.
  mv "$part/$DIRECTORY" "$unpacked" 2>/dev/null || [ -x "$unpacked/docker-image-pusher" ] ||
    fail "it cannot be unpacked into $cache" "Remove $unpacked."
  rm -rf "$part" "${unpacked:?}/$DIRECTORY" 2>/dev/null || :
  trap - EXIT HUP INT TERM
}

# Whether this is a directory that nobody else can write to, where programs can be.
can_use() {
  # shellcheck disable=SC3067 # every shell of Linux and macOS knows -O
  (umask 077 && mkdir -p "$1") 2>/dev/null && [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && [ -w "$1" ]
}

self=$0
case $self in
  */*) ;;
  *) self=$(command -v -- "$self") ;;
esac

cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/docker-image-pusher
unpacked=$cache/@VERSION@-$(printf %.12s "$PAYLOAD_SHA256")
if [ ! -x "$unpacked/docker-image-pusher" ]; then
  if ! can_use "$cache"; then
    cache=${TMPDIR:-/tmp}/docker-image-pusher-$(id -u)
    unpacked=$cache/@VERSION@-$(printf %.12s "$PAYLOAD_SHA256")
    can_use "$cache" || fail "there is no place to unpack it" "Set XDG_CACHE_HOME to a directory of yours."
  fi
  [ -x "$unpacked/docker-image-pusher" ] || unpack
fi
exec "$unpacked/docker-image-pusher" "$@"
