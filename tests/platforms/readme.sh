#!/usr/bin/env bash
# The two commands of the README on a machine where nothing else was done. Sourced by run.sh.

readonly PONG=(train pong --steps 3000 --seed 7)

# The digest of this machine's own run, which the others are compared with.
host_pong=

try_readme() { # SUITE COMPILER [WHAT]
  local machine=$1-$2 what=${3:-both} before=$failures
  case $2 in gcc | clang) ;; *) misuse "the compiler is gcc or clang, not $2" ;; esac
  case $what in train | test | both) ;; *) misuse "what is tried is train or test, not $what" ;; esac
  step "$machine" versions make_machine "$machine" || return 0
  [ "$what" = test ] || try_train "$machine"
  [ "$what" = train ] || step "$machine-test" test_counts enter "$machine" cargo xtask test || true
  tidy "$machine" "$before"
}

try_train() { # MACHINE
  if [ -z "$host_pong" ] && step host-pong digest pong_here; then
    host_pong=$(digest "$logs/host-pong.log")
  fi
  if step "$1-train" digest pong_there "$1"; then
    compare "$1-digest" "$(digest "$logs/$1-train.log")" "$host_pong"
  fi
}

pong_there() { # MACHINE
  enter "$1" cargo xtask "${PONG[@]}" && enter "$1" sh -c 'cat runs/pong-*/summary.json'
}

pong_here() {
  local out=$logs/host-pong
  (cd "$checkout" && cargo xtask "${PONG[@]}" --out "$out") && cat "$out/summary.json"
}

compare() { # NAME DIGEST EXPECTED
  if [ -n "$2" ] && [ "$2" = "$3" ]; then
    conclude "$1" ok "equal to this machine's"
  else
    conclude "$1" DIFFERENT "this machine has ${3:-none}"
  fi
}

# Debian's own CMake, plain cargo, and flags of a user's own, which are added to what .cargo/config.toml says.
try_cmake() { # SUITE
  local machine=$1-cmake before=$failures
  step "$machine" versions make_machine "$machine" || return 0
  step "$machine-ale" test_counts ale_by_hand "$machine" || true
  tidy "$machine" "$before"
}

ale_by_hand() { # MACHINE
  enter "$1" cargo xtask roms &&
    enter "$1" sh -c 'cmake --version && CFLAGS=-O2 CXXFLAGS=-O2 cargo test -p deepq-atari'
}
