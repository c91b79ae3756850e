#!/bin/sh
# Runs everything that must pass before a change goes in, and ends with one line "N passed, M failed".
# Needs a shell and Deno 2.9 or Node with npm. For root on Debian it installs the real servers that some tests talk
# to; elsewhere those tests are skipped and say so. With CI=true a missing server fails its tests instead.
set -eu

cd "$(dirname "$0")/.."
# shellcheck source=scripts/find_deno.sh disable=SC1091
. scripts/find_deno.sh

# Program and the Debian package that has it, one pair a line.
DEBIAN_PACKAGES="
docker-registry docker-registry
dockerd docker.io
docker docker.io
podman podman
skopeo skopeo
buildah buildah
umoci umoci
htpasswd apache2-utils
docker-credential-pass golang-docker-credential-helpers
pass pass
gpg gnupg
gpgconf gpgconf
gpg-agent gpg-agent
nginx nginx-light
tinyproxy tinyproxy-bin
tmux tmux
openssl openssl
systemd-analyze systemd
script util-linux
/usr/bin/time time
zstd zstd
curl curl
wget wget
shellcheck shellcheck
zsh zsh
fish fish
mandoc mandoc
xz xz-utils
bzip2 bzip2
lz4 lz4
"

install_debian_packages() {
  missing=$(echo "$DEBIAN_PACKAGES" | while read -r program package; do
    [ -z "$program" ] || command -v "$program" >/dev/null 2>&1 || echo "$package"
  done | sort -u | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  echo "Installing Debian packages: $missing"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # one word per package
  if ! { apt-get update -q && apt-get install -q -y --no-install-recommends $missing; } >&2; then
    echo "Could not install them; tests that need them will say so."
  fi
}

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  install_debian_packages
fi

find_deno
exec deno run --quiet -A scripts/gate.ts
