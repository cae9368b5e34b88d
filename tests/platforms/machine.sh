#!/usr/bin/env bash
# Machines that are folders: another Debian with what the README says a machine needs, and a clone of this checkout in it.
# Sourced by run.sh, which sets `folder` (where machines lie) and `checkout`. Functions that make or run something are
# chains of `&&`, as `set -e` does nothing in what is called with a condition.

readonly USER_INSIDE=deepq
readonly CLONE=/home/$USER_INSIDE/deepq

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# The folder of a machine, whose name is SUITE-KIND.
root_of() {
  printf '%s/%s' "$folder" "$1"
}

# Runs a command in a machine, as USER in DIRECTORY.
enter_as() { # MACHINE USER DIRECTORY COMMAND...
  local root
  root=$(root_of "$1")
  shift
  [ -e "$root/etc/debian_version" ] || fail "there is no machine $root; \`make\` makes it"
  as_root unshare --mount --propagation private --pid --fork --kill-child \
    bash "$here/inside.sh" "$root" "$1" "$2" "$(toolchain)" "${@:3}"
}

# Runs a command in a machine as its user would, in the clone.
enter() { # MACHINE COMMAND...
  enter_as "$1" "$USER_INSIDE" "$CLONE" "${@:2}"
}

# The folder of this machine's own Rust, for suites whose Rust is too old.
toolchain() {
  (cd "$checkout" && rustc --print sysroot)
}

# The mirror that this machine's own packages come from.
mirror() {
  local found
  found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    sed -nE 's#^(URIs:|deb( \[[^]]*\])?) *(https?://[^ ]+/debian)/?( .*)?$#\3#p' | head -n 1)
  printf '%s' "${found:-http://deb.debian.org/debian}"
}

# Packages that a kind of machine has beside Rust and git.
packages_of() {
  local every="make python3 python3-pip"
  case $1 in
    gcc) echo "$every g++" ;;
    clang) echo "$every clang" ;;
    cmake) echo "$every g++ cmake" ;;
    aarch64) echo "$every g++ cmake gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libstd-rust-dev:arm64 qemu-user" ;;
  esac
}

# Makes a machine, whole or not at all, unless it is there, and clones this checkout into it anew.
make_machine() { # MACHINE
  local suite=${1%%-*} kind=${1#*-} root
  [ -n "$(packages_of "$kind")" ] || misuse "$1 is no machine; they are called SUITE-gcc, -clang, -cmake or -aarch64"
  root=$(root_of "$1")
  if [ ! -e "$root" ]; then
    as_root rm -rf --one-file-system "$root.new" &&
      bootstrap "$suite" "$kind" "$1.new" &&
      as_root mv "$root.new" "$root" || return
  fi
  clone "$1" && enter "$1" sh -c 'cc --version | head -n 1; c++ --version | head -n 1; rustc --version; python3 --version; ldd --version | head -n 1'
}

bootstrap() { # SUITE KIND MACHINE
  local root packages
  root=$(root_of "$3")
  read -ra packages <<<"$(packages_of "$2")"
  # The script of sid serves every suite, those that this machine's debootstrap does not know as well.
  as_root unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
    debootstrap --variant=minbase --include=ca-certificates,git "$1" "$root" "$(mirror)" /usr/share/debootstrap/scripts/sid &&
    share_network_settings "$root" &&
    enter_as "$3" root / useradd --create-home --shell /bin/bash "$USER_INSIDE" &&
    enter_as "$3" root / apt-get update -qq &&
    add_rust "$3" "$2" &&
    enter_as "$3" root / apt-get install -qq --no-install-recommends "${packages[@]}" &&
    choose_compiler "$3" "$2"
}

# How this machine reaches the network is not what is tried: its name servers, authorities and settings of apt, pip and
# cargo go along.
share_network_settings() { # ROOT
  local cargo=${CARGO_HOME:-$HOME/.cargo}/config.toml
  # A mirror may lag behind, or stand at a date.
  echo 'Acquire::Check-Valid-Until "false";' | as_root tee "$1/etc/apt/apt.conf.d/99mirror" >/dev/null &&
    as_root cp /etc/resolv.conf /etc/hosts "$1/etc/" &&
    as_root cp -r /etc/ssl/certs "$1/etc/ssl/" || return
  if [ -e /etc/pip.conf ]; then as_root cp /etc/pip.conf "$1/etc/" || return; fi
  # Cargo reads what lies above the folder in which it is called.
  if [ -e "$cargo" ]; then as_root install -D -m 0644 "$cargo" "$1/home/.cargo/config.toml" || return; fi
}

# Installs the distribution's Rust where it is new enough; else inside.sh brings that of this machine.
add_rust() { # MACHINE KIND
  local needed candidate
  needed=$(sed -nE 's/^rust-version = "(.*)"/\1/p' "$checkout/Cargo.toml")
  candidate=$(enter_as "$1" root / apt-cache policy rustc | sed -nE 's/^ *Candidate: //p')
  if [ "$2" = aarch64 ]; then
    enter_as "$1" root / dpkg --add-architecture arm64 && enter_as "$1" root / apt-get update -qq || return
  fi
  if dpkg --compare-versions "$candidate" ge "$needed"; then
    enter_as "$1" root / apt-get install -qq --no-install-recommends rustc cargo
  else
    echo "rustc $candidate is older than $needed: the Rust of this machine is used"
  fi
}

# Makes clang what `cc` and `c++` are; with GCC they are that already.
choose_compiler() { # MACHINE KIND
  [ "$2" = clang ] || return 0
  local name
  for name in cc:clang c++:clang++; do
    enter_as "$1" root / update-alternatives --install "/usr/bin/${name%:*}" "${name%:*}" "/usr/bin/${name#*:}" 100 &&
      enter_as "$1" root / update-alternatives --set "${name%:*}" "/usr/bin/${name#*:}" || return
  done
}

# Clones the commit of this checkout to where the machine's user keeps it. Nothing is left of what was built or fetched
# there before: the next command is the first one.
clone() { # MACHINE
  local root to
  root=$(root_of "$1")
  to=$root$CLONE
  as_root rm -rf --one-file-system "$to" "$root/home/$USER_INSIDE/.cargo" "$root/home/$USER_INSIDE/.cache" &&
    as_root git clone --quiet --no-hardlinks "$checkout" "$to" &&
    as_root git -C "$to" checkout --quiet --detach "$commit" &&
    as_root chown -R "$(stat -c %u:%g "$root/home/$USER_INSIDE")" "$to" &&
    echo "cloned $commit"
}

remove_machine() { # MACHINE
  local root
  root=$(root_of "$1")
  [ -d "$root" ] || fail "there is no machine $root"
  # Not by this script: a folder below which something is mounted is left alone.
  if awk '{ print $5 }' /proc/self/mountinfo | grep -qF "$root/"; then
    fail "something is mounted below $root; unmount it first"
  fi
  as_root rm -rf --one-file-system "$root"
}
