# shellcheck shell=sh
# What the scripts of this project need of a Debian 12 machine, and how they get it. To be sourced by a POSIX shell under
# `set -eu`, with the checkout's folder in `root`. What is there already is not installed again, and needs no network.

root=${root:?must name the checkout}

say() {
  printf '== %s\n' "$*"
}

die() {
  printf '%s: error: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# The Debian packages of one purpose.
packages_for() {
  case $1 in
    build) echo g++ cmake ninja-build pkg-config libpoco-dev libssl-dev libtomlplusplus-dev libsecret-1-dev libqrencode-dev ;;
    server) echo python3 openssl ca-certificates ;;
    tests) echo catch2 chromium curl dbus-bin dbus-daemon fish git gnome-keyring iproute2 libfaketime libsecret-tools make mandoc openssh-client openssh-server python3-dbus python3-gi strace tmux util-linux xdg-utils xz-utils zbar-tools zsh ;;
    bench) echo gcc libc6-dev libsecret-tools golang-docker-credential-helpers gh git oidc-agent-cli git-credential-oauth curl ;;
    release) echo binutils dpkg-dev libstdc++-12-dev ;;
    package) echo debootstrap dpkg-dev file lintian ;;
    fuzz) echo clang-14 libclang-rt-14-dev ;;
    checks) echo clang-format-14 clang-tidy-14 mandoc shellcheck ;;
    npm) echo npm ;;
    *) die "no packages are known for '$1'" ;;
  esac
}

# Those packages of the given purposes that are not installed, one per line.
missing_packages() {
  for purpose; do
    for package in $(packages_for "$purpose"); do
      # shellcheck disable=SC2016 # the format is dpkg-query's, not the shell's
      status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || status=
      [ "$status" = installed ] || echo "$package"
    done
  done | sort -u
}

# Installs the packages of the given purposes.
need_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "this is not Debian, so nothing is installed; needed are Debian's packages for: $*"
    return 0
  fi
  missing=$(missing_packages "$@")
  if [ -z "$missing" ]; then
    return 0
  fi
  if [ "$(id -u)" -ne 0 ]; then
    # shellcheck disable=SC2086 # one line of words
    die "these Debian packages are missing, and only root can install them:" $missing
  fi
  # shellcheck disable=SC2086 # one line of words
  say "installing Debian packages:" $missing
  log=$(mktemp)
  { apt-get update </dev/null || true; } >"$log" 2>&1 # what it could not fetch is found out next
  if ! printf '%s\n' "$missing" | DEBIAN_FRONTEND=noninteractive xargs apt-get -o DPkg::Lock::Timeout=120 \
    install --yes --no-install-recommends >>"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "apt-get could not install them"
  fi
  rm -f "$log"
}

is_recent_node() {
  "$1" -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null
}

# Puts Node.js 20 or newer into NODE: that of NODE or PATH, else the prebuilt one of npm's package `node`. Debian's own,
# which comes along with npm, is older and only fetches that package.
need_node() {
  if ! command -v npm >/dev/null; then
    need_packages npm
    command -v npm >/dev/null || die "npm is missing"
  fi
  fetched=$root/build/node/node_modules/.bin/node
  for NODE in "${NODE:-node}" node "$fetched"; do
    if is_recent_node "$NODE"; then
      NODE=$(command -v "$NODE")
      export NODE
      return 0
    fi
  done
  say "fetching Node.js 22 from npm: the server of the tests needs version 20 or newer"
  npm install --no-audit --no-fund --loglevel=error --prefix "$root/build/node" node@22 </dev/null ||
    die "npm could not install Node.js 22"
  NODE=$fetched
  is_recent_node "$NODE" || die "npm's package 'node' brought no Node.js that runs here"
  export NODE
}

# Configures and builds one preset of CMakePresets.json.
build() {
  say "building the preset '$1' in build/$1"
  (cd "$root" && cmake --preset "$1" && cmake --build --preset "$1")
}
