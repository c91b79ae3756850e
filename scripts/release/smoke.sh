#!/bin/bash
# Runs what a release has for the platform that this is, in every form: its version, and a push to its own registry.
#
#     scripts/release/smoke.sh DIST PLATFORM VERSION
set -euo pipefail

dist=$(cd "$1" && pwd)
name=docker-image-pusher-$2
version=$3
archive=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../tests/fixtures/archives" && pwd)/docker2010-one.tar

work=$(mktemp -d)
registry=
finish() {
  [ -z "$registry" ] || kill "$registry" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
export HOME=$work/home DOCKER_IMAGE_PUSHER_STATE_DIR=$work/state
mkdir "$HOME"

fail() {
  echo "error: $1" >&2
  exit 1
}

check_sums() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum --check --ignore-missing --quiet SHA256SUMS
  else shasum -a 256 --check --ignore-missing --quiet SHA256SUMS; fi
}

# Waits until a registry says where it listens.
address_in() {
  for _ in $(seq 300); do
    address=$(grep -oE '127\.0\.0\.1:[0-9]+' "$1" | head -n 1) && return 0
    sleep 0.1
  done
  fail "the registry does not listen: $(cat "$1")"
}

smoke() {
  echo "smoke: $1"
  printed=$("$1" --version)
  [ "${printed%$'\r'}" = "$version" ] || fail "$1 has version $printed, not $version"
  place=$(mktemp -d "$work/registry-XXXXXX")
  "$1" serve --store "$place/images" --listen 127.0.0.1:0 >"$place/log" 2>&1 &
  registry=$!
  address_in "$place/log"
  "$1" push "$archive" -t "$address/smoke:1" --verify --yes
  kill "$registry" 2>/dev/null || true
  wait "$registry" 2>/dev/null || true
  registry=
}

(cd "$dist" && check_sums)
case $2 in
  windows-*)
    (cd "$work" && unzip -q "$dist/$name.zip")
    forms=("$dist/$name.exe" "$work/$name/docker-image-pusher.cmd")
    ;;
  *)
    tar -xzf "$dist/$name.tar.gz" -C "$work"
    # Artifacts come without file modes.
    cp "$dist/$name" "$dist/$name.run" "$work/home/"
    chmod +x "$work/home/$name" "$work/home/$name.run"
    forms=("$work/home/$name" "$work/home/$name.run" "$work/$name/docker-image-pusher")
    ;;
esac
for form in "${forms[@]}"; do smoke "$form"; done
echo "smoke: $name $version is fine"
