#!/usr/bin/env bash
# Tries deepq on other machines than this one; `run.sh --help` says how.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "$here/../.." && pwd)
folder=/var/tmp/deepq-platforms
logs=
keep=false

usage() {
  cat <<'HELP'
Usage: tests/platforms/run.sh [OPTIONS] COMMAND

Makes other machines as folders, clones the commit of this checkout into them and tries there what the README promises.
It needs Debian or something like it, debootstrap, root or sudo, the network, and some 10 GB of disk for each machine;
a first build takes some minutes, and everything some hours.

Commands:
  all                             everything below, with sid and trixie; cmake with bookworm as well
  readme SUITE COMPILER [WHAT]    a new Debian (sid, trixie, bookworm, ...) with gcc or clang: the two commands of the
                                  README as its first ones; WHAT is train or test, if only one of them is wanted
  cmake SUITE                     the same with Debian's own CMake and a user's own CFLAGS and CXXFLAGS: ALE builds by
                                  plain cargo, and its tests pass
  aarch64 [WHAT]                  sid, with a cross compiler and qemu: the tests of the crates, every trace, and digests
                                  for each instruction set beside those of this machine; WHAT is tests, parity or digests
  make MACHINE                    only makes it: SUITE-gcc, SUITE-clang, SUITE-cmake, SUITE-aarch64
  enter MACHINE COMMAND...        runs a command there, in the clone
  remove MACHINE                  takes a machine away

Options:
  --folder FOLDER    where machines lie [default: /var/tmp/deepq-platforms]
  --logs FOLDER      where each step writes what it says [default: logs/DATE-TIME beside the machines]
  --keep             leave what was built in a machine; else it goes when all was well
  --help             this

The exit code is 0 only if every step succeeded and all digests are equal.
HELP
}

fail() {
  echo "error: $*" >&2
  exit 1
}

# shellcheck source=machine.sh
. "$here/machine.sh"
# shellcheck source=steps.sh
. "$here/steps.sh"
# shellcheck source=readme.sh
. "$here/readme.sh"
# shellcheck source=aarch64.sh
. "$here/aarch64.sh"

try_all() {
  local suite compiler
  for compiler in gcc clang; do
    for suite in sid trixie; do try_readme "$suite" "$compiler"; done
  done
  try_aarch64
  for suite in sid trixie bookworm; do try_cmake "$suite"; done
}

misuse() {
  echo "error: $*" >&2
  exit 2
}

wanted() { # COUNT WHAT GIVEN
  [ "$3" -ge "$1" ] || misuse "this command needs $2; --help shows how it is called"
}

main() {
  local tool
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h) usage && exit ;;
      --folder | --logs)
        [ $# -ge 2 ] || misuse "$1 needs a folder"
        mkdir -p "$2"
        declare -g "${1#--}=$(cd "$2" && pwd)"
        shift
        ;;
      --keep) keep=true ;;
      -*) misuse "there is no option $1; --help shows those that there are" ;;
      *) break ;;
    esac
    shift
  done
  case ${1:-} in
    all) ;;
    readme) wanted 2 "a suite and a compiler" $(($# - 1)) ;;
    cmake) wanted 1 "a suite" $(($# - 1)) ;;
    aarch64) ;;
    make | remove) wanted 1 "a machine" $(($# - 1)) ;;
    enter) wanted 2 "a machine and a command" $(($# - 1)) ;;
    "") usage >&2 && exit 2 ;;
    *) misuse "there is no command $1; --help shows those that there are" ;;
  esac
  for tool in git cargo debootstrap unshare; do
    command -v "$tool" >/dev/null || [ -x "/usr/sbin/$tool" ] || fail "there is no $tool here, which this needs"
  done
  commit=$(git -C "$checkout" rev-parse HEAD)
  mkdir -p "$folder"
  case $1 in
    make) make_machine "$2" ;;
    enter) enter "${@:2}" ;;
    remove) remove_machine "$2" ;;
    *) try "$@" ;;
  esac
}

try() { # COMMAND...
  logs=${logs:-$folder/logs/$(date +%Y%m%d-%H%M%S)}
  mkdir -p "$logs"
  echo "What each step says is in $logs"
  [ -z "$(git -C "$checkout" status --porcelain)" ] || echo "What is not committed is not tried: this is commit ${commit:0:12}"
  "try_$1" "${@:2}"
  summarise
}

# On one line, which is read before it runs: the file may change meanwhile.
main "$@"; exit
