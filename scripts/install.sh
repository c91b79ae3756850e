#!/bin/sh
# Installs docker-image-pusher, or removes it. Needs a shell, tar, gzip and a program that makes checksums; to download,
# curl or wget.
set -eu

RELEASES=https://github.com/yorelog/docker-image-pusher/releases
NAME=docker-image-pusher

usage() {
  cat <<EOF
Usage: install.sh [options]

Installs docker-image-pusher into PREFIX/lib and links it into PREFIX/bin, its manual pages
and completions for bash, zsh and fish into PREFIX/share.

Options:
  --prefix DIR     where to install (default: ~/.local)
  --version V      which release, for example 0.1.0 (default: the latest)
  --from PLACE     take it from a file, a directory or an address instead of the project's releases;
                   directories and addresses hold the files of a release, SHA256SUMS among them
  --sha256 HEX     what the checksum of the archive must be, instead of what SHA256SUMS beside it says
  --platform P     linux-x86_64, linux-aarch64, macos-x86_64 or macos-aarch64 (default: this machine)
  --uninstall      remove it from PREFIX; what it keeps in ~/.docker-image-pusher stays
  -h, --help       show this
EOF
}

fail() {
  printf 'error: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '  hint: %s\n' "$2" >&2
  exit 1
}

find_platform() {
  case $(uname -s) in
    Linux) system=linux ;;
    Darwin) system=macos ;;
    *) fail "Cannot install on $(uname -s): there are packages for Linux and macOS" \
      "On Windows, unpack $NAME-windows-x86_64.zip." ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) echo "$system-x86_64" ;;
    aarch64 | arm64) echo "$system-aarch64" ;;
    *) fail "Cannot install on a processor of the kind $(uname -m)" ;;
  esac
}

# Copies or downloads a file of the place that it comes from.
fetch() {
  case $from in
    http://* | https://*)
      if command -v curl >/dev/null 2>&1; then curl -fsSL -o "$2" "$from/$1"
      elif command -v wget >/dev/null 2>&1; then wget -q -O "$2" "$from/$1"
      else fail "Cannot download: neither curl nor wget is installed" "Download $from/$1 and give it with --from."
      fi
      ;;
    *) cp "$from/$1" "$2" ;;
  esac || fail "Cannot get \"$1\" from \"$from\"" "Check --from, --version and --platform."
}

sha256_of() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum <"$1"
  elif command -v shasum >/dev/null 2>&1; then shasum -a 256 <"$1"
  elif command -v openssl >/dev/null 2>&1; then openssl dgst -sha256 -r <"$1"
  else fail "Cannot check the archive: there is no program that makes checksums" "Install coreutils or openssl."
  fi | cut -d ' ' -f 1
}

# Where it has files for man and shells, below the prefix. That for PowerShell is not as deep: it has no place there.
shared() {
  for file in "$prefix/lib/$NAME"/share/*/*/*; do
    [ ! -f "$file" ] || echo "${file#"$prefix/lib/$NAME/"}"
  done
}

link_shared() {
  shared | while read -r file; do
    # What somebody else put there is kept.
    [ -L "$prefix/$file" ] || [ ! -e "$prefix/$file" ] || continue
    mkdir -p "$prefix/${file%/*}"
    ln -sf "../../../lib/$NAME/$file" "$prefix/$file"
  done
}

unlink_shared() {
  shared | while read -r file; do
    [ ! -L "$prefix/$file" ] || rm -f "$prefix/$file"
  done
}

install_it() {
  archive=$NAME-$platform.tar.gz
  if [ -f "$from" ]; then
    archive=${from##*/}
    case $from in
      */*) from=${from%/*} ;;
      *) from=. ;;
    esac
  fi
  mkdir -p "$prefix/lib" "$prefix/bin" || fail "Cannot install into \"$prefix\"" "Choose another with --prefix."
  work=$(mktemp -d "$prefix/lib/.$NAME-XXXXXX") || fail "Cannot write to \"$prefix/lib\""
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' HUP INT TERM
  fetch "$archive" "$work/archive"
  if [ -z "$sha256" ]; then
    fetch SHA256SUMS "$work/SHA256SUMS"
    sha256=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$work/SHA256SUMS")
    [ -n "$sha256" ] || fail "Cannot check \"$archive\": SHA256SUMS does not list it" "Give its checksum with --sha256."
  fi
  found=$(sha256_of "$work/archive")
  [ "$found" = "$sha256" ] ||
    fail "Cannot install \"$archive\": its checksum is $found, not $sha256" "Download it again."
  mkdir "$work/new"
  gzip -d <"$work/archive" | tar -x -f - -C "$work/new" || fail "Cannot unpack \"$archive\""
  set -- "$work/new/$NAME"-*
  [ -x "$1/$NAME" ] || fail "Cannot install \"$archive\": it is no package of $NAME for Linux or macOS"
  # One that runs keeps its files open.
  if [ -d "$prefix/lib/$NAME" ]; then
    unlink_shared
    mv "$prefix/lib/$NAME" "$work/old"
  fi
  mv "$1" "$prefix/lib/$NAME"
  ln -sf "../lib/$NAME/$NAME" "$prefix/bin/$NAME"
  link_shared
  installed=$("$prefix/bin/$NAME" --version) || fail "Cannot run what was installed in \"$prefix\"" \
    "It needs the C library of GNU (glibc), which Alpine and other systems with musl do not have."
  echo "Installed $NAME $installed as $prefix/bin/$NAME"
  case :$PATH: in
    *":$prefix/bin:"*) ;;
    *) echo "Add $prefix/bin to PATH to run it by name." ;;
  esac
}

uninstall() {
  [ -d "$prefix/lib/$NAME" ] || fail "Cannot remove $NAME: it is not installed in \"$prefix\"" "Say where with --prefix."
  unlink_shared
  rm -rf "${prefix:?}/lib/$NAME" "${prefix:?}/bin/$NAME"
  echo "Removed $NAME from $prefix"
}

prefix=
from=
version=
sha256=
platform=
action=install_it
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --uninstall)
      action=uninstall
      shift
      ;;
    --prefix | --from | --version | --sha256 | --platform)
      [ $# -gt 1 ] || fail "Cannot install: $1 needs a value" "Run \"install.sh --help\"."
      case $1 in
        --prefix) prefix=$2 ;;
        --from) from=${2%/} ;;
        --version) version=$2 ;;
        --sha256) sha256=$2 ;;
        --platform) platform=$2 ;;
      esac
      shift 2
      ;;
    *) fail "Cannot install: unknown argument \"$1\"" "Run \"install.sh --help\"." ;;
  esac
done
prefix=${prefix:-${HOME:?}/.local}
platform=${platform:-$(find_platform)}
if [ -z "$from" ]; then
  if [ -n "$version" ]; then from=$RELEASES/download/v$version; else from=$RELEASES/latest/download; fi
fi
"$action"
