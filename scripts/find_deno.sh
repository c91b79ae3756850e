# shellcheck shell=sh
# Puts a Deno of the pinned version first on the PATH: the one that is there, or the npm package of the same name,
# installed into a cache of this project. Sourced by test.sh and demo.sh.

DENO_VERSION=2.9.6

find_deno() {
  if command -v deno >/dev/null 2>&1; then
    case "$(deno --version | head -n 1)" in
      "deno ${DENO_VERSION%.*}."*) return 0 ;;
    esac
  fi
  deno_cache="${XDG_CACHE_HOME:-$HOME/.cache}/docker-image-pusher/deno-$DENO_VERSION"
  if ! deno_in_cache; then
    if ! command -v npm >/dev/null 2>&1; then
      echo "error: this needs Deno ${DENO_VERSION%.*} or Node with npm, and neither is installed" >&2
      return 1
    fi
    echo "Installing deno@$DENO_VERSION from npm into $deno_cache" >&2
    mkdir -p "$deno_cache"
    # The executable comes as a package for the platform, so no install script needs to run.
    npm install --prefix "$deno_cache" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error \
      "deno@$DENO_VERSION" >&2 || return 1
    if ! deno_in_cache; then
      echo "error: npm installed deno@$DENO_VERSION, but there is no executable for this platform" >&2
      return 1
    fi
  fi
}

# Looks into the cache, and puts what it finds on the PATH.
deno_in_cache() {
  for deno_path in "$deno_cache"/node_modules/@deno/*/deno "$deno_cache"/node_modules/@deno/*/deno.exe; do
    [ -f "$deno_path" ] || continue
    [ -x "$deno_path" ] || chmod +x "$deno_path"
    # npm installs packages for other C libraries as well: only one of them runs.
    "$deno_path" --version >/dev/null 2>&1 || continue
    PATH="$(dirname "$deno_path"):$PATH"
    export PATH
    return 0
  done
  return 1
}
