#!/bin/bash
# Builds the Debian package and tries it out on a fresh Debian 12: it installs, runs, shows its manual, and is gone after a
# purge but for what belongs to people. lintian has nothing to say against it.
#
#     tests/package/run.sh
#
# As root: the fresh Debian is a folder, made by debootstrap from deb.debian.org at the first time and kept in build/package/.
# Takes 12 s when that and the program are there already, and two minutes of two processors otherwise.
set -euo pipefail
exec </dev/null

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"
# shellcheck source=tests/support/install.sh
. "$root/tests/support/install.sh"

work=$root/build/package
pristine=$work/bookworm
system=$work/system

make_pristine() {
  [ -e "$pristine/made" ] && return 0
  say "fetching a fresh Debian 12 with debootstrap"
  rm -rf "$pristine"
  mkdir -p "$pristine"
  if ! debootstrap --variant=minbase --include=man-db bookworm "$pristine/root" http://deb.debian.org/debian \
    >"$work/debootstrap.log"; then
    tail -n 20 "$work/debootstrap.log" >&2
    die "there is no fresh Debian to try the package on"
  fi
  touch "$pristine/made"
}

# inside COMMAND...: runs it in the system, where /proc and /dev are this machine's, as a person who is not root unless the
# first word is `root`.
inside() {
  local user=(setpriv --reuid=ada --regid=ada --clear-groups env HOME=/home/ada)
  if [ "$1" = root ]; then
    user=(env HOME=/root)
    shift
  fi
  # shellcheck disable=SC2016 # it is for the inner shell
  unshare --mount --pid --fork sh -ec '
    root=$1; shift
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
  ' sh "$system" "${user[@]}" "$@"
}

apt() {
  if ! inside root apt-get -qq -o APT::Sandbox::User=root "$@" >"$work/apt.log" 2>&1; then
    cat "$work/apt.log" >&2
    die "apt-get $* failed"
  fi
}

# expect WHAT PATTERN COMMAND...: the command must succeed and print a line that matches.
expect() {
  local what=$1 pattern=$2 output
  shift 2
  output=$("$@" 2>&1) || die "$what: '$*' ended with $?: $output"
  grep -qE -- "$pattern" <<<"$output" || die "$what: nothing like '$pattern' in the output of '$*': $output"
  echo "ok: $what"
}

# Every path of the system but those that installing anything changes: caches, logs, what apt and dpkg know.
paths() {
  (cd "$system" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./sys -o -path ./var/cache -o -path ./var/log \
    -o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path ./tmp -o -path ./root \) -prune -o -print | sort)
}

mkdir -p "$work"
need_packages build package
build deb
say "packing"
rm -f build/dist/grok-auth_*.deb
if ! cpack --preset deb >"$work/cpack.log" 2>&1; then
  cat "$work/cpack.log" >&2
  die "cpack failed"
fi
package=$(echo build/dist/grok-auth_*.deb)
dpkg-deb --field "$package" Package Version Architecture Installed-Size Depends Recommends Suggests
ls -l "$package"

say "lintian"
lintian --allow-root --no-cfg --fail-on error,warning "$package" || die "lintian found something"
echo "ok: lintian has no error and no warning"

make_pristine
say "installing it on a fresh Debian 12"
rm -rf "$system"
cp -a --reflink=auto "$pristine/root" "$system"
inside root useradd --create-home --shell /bin/bash ada
apt update
paths >"$work/before"
cp "$package" "$system/tmp/grok-auth.deb"
# Without the recommended packages: a server that keeps logins in a file needs none of them.
apt install --yes --no-install-recommends /tmp/grok-auth.deb
version=$(dpkg-deb --field "$package" Version)
expect "it runs" "^grok-auth $version\$" inside grok-auth --version
expect "git starts it by its own name" '^usage: grok-auth credential' inside git-credential-grok-auth --help
expect "its manual is shown" '^NAME' inside man grok-auth
expect "so is that of its configuration file" 'default_profile' inside man grok-auth.toml
expect "git shows it as well" '^NAME' inside man git-credential-grok-auth
expect "apropos knows it" '^grok-auth ?\(1\)' inside apropos grok-auth
expect "bash can read the completions" '^_' inside bash -c \
  '. /usr/share/bash-completion/completions/grok-auth; complete -p grok-auth | grep -o "_.*"'
expect "zsh of Debian looks for its completions there" '_grok-auth' inside ls /usr/share/zsh/vendor-completions
expect "the examples are there" '^config.toml$' inside ls /usr/share/doc/grok-auth/examples
expect "an API key is kept without a keyring" '^stored in: +/home/ada/.local/state/grok-auth/xai.json$' inside sh -c \
  "echo xai-$(printf '%040d' 0) | grok-auth login --api-key && grok-auth status"
expect "the rest is recommended" '^ca-certificates, libsecret-1-0, libqrencode4$' dpkg-deb --field "$package" Recommends
! dpkg-deb --field "$package" Depends | grep -E 'libsecret|libqrencode' || die "the package depends on what it recommends"

say "purging it"
apt purge --yes --autoremove grok-auth
paths >"$work/after"
left=$(diff "$work/before" "$work/after" | grep -v ' \./home/ada/' | grep '^[<>]' || true)
[ -z "$left" ] || die "the purge left a difference: $left"
echo "ok: nothing of it is left"
expect "what belongs to people is left to them" 'grok-auth/.*' find "$system/home/ada/.local/state/grok-auth" -name '*.id'
rm -rf "$system"
