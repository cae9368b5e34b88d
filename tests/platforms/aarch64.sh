#!/usr/bin/env bash
# ARM's 64-bit processors, by a cross compiler and qemu's emulation of programs. Sourced by run.sh.

readonly ARM=aarch64-unknown-linux-gnu
readonly MACHINE=sid-aarch64

# What each experiment is trained with: a processor and an instruction set. The others must have the digest of the first.
readonly RUNS=(x86_64-avx2 x86_64-portable aarch64-neon aarch64-portable x86_64-avx512)

# Experiments and their steps: each kind of agent, network and environment, until it has learned, evaluated and saved.
readonly EXPERIMENTS=(catch:1000 cartpole-pqn:2560 cartpole-no-target:2000 acrobot:200 mountaincar:1100
  lunarlander-fast:1200 reinforce-cartpole:1000 pong-smoke:300)

try_aarch64() { # [WHAT]
  local what=${1:-all} before=$failures
  case $what in all | tests | parity | digests) ;; *) misuse "what is tried is tests, parity or digests, not $what" ;; esac
  step "$MACHINE" versions make_machine "$MACHINE" || return 0
  if [ "$what" != tests ] && step aarch64-deepq last_line arm_deepq; then
    case $what in all | parity) step aarch64-parity last_line arm_parity || true ;; esac
    case $what in all | digests) arm_digests ;; esac
  fi
  case $what in all | tests) step aarch64-tests test_counts arm_tests || true ;; esac
  tidy "$MACHINE" "$before"
}

# A command for aarch64: cargo learns how to link for it and how to run it. The cc crate finds the compilers by itself.
arm() { # COMMAND...
  enter "$MACHINE" env CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=qemu-aarch64 QEMU_LD_PREFIX=/usr/aarch64-linux-gnu \
    DEEPQ_WORKSPACE="$CLONE" "$@"
}

arm_program() { # ARGUMENT...
  arm qemu-aarch64 "target/$ARM/debug/deepq" "$@"
}

arm_tests() {
  arm cargo test --target "$ARM" -p deepq-core -p deepq-kernels -p deepq-nets -p deepq-envs -p deepq-replay -p deepq-agents
}

# With Atari and Box2D, whose C++ Debian's own CMake and cross compiler build.
arm_deepq() {
  enter "$MACHINE" cargo xtask roms &&
    arm cargo build --target "$ARM" -p deepq --bin deepq &&
    enter "$MACHINE" sh -c "od -An -t x2 -j 18 -N 2 target/$ARM/debug/deepq" | grep -qx ' 00b7' &&
    echo "a program for aarch64"
}

arm_parity() {
  arm sh -c "qemu-aarch64 target/$ARM/debug/deepq parity assets/traces/*.jsonl"
}

# Trains each experiment here and there, and says in a table whose digests are equal.
arm_digests() {
  local experiment run reference cell
  grep -qw avx2 /proc/cpuinfo || fail "digests are compared with those of AVX2, which this machine lacks"
  step host-deepq last_line deepq_here || return 0
  {
    printf '%-20s' experiment
    printf ' %-17s' "${RUNS[@]}"
  } >"$logs/digests.txt"
  for experiment in "${EXPERIMENTS[@]}"; do
    printf '\n%-20s' "${experiment%:*}" >>"$logs/digests.txt"
    reference=
    for run in "${RUNS[@]}"; do
      digest_of "${experiment%:*}" "${experiment#*:}" "$run"
      printf ' %-17s' "$cell" >>"$logs/digests.txt"
    done
  done
  echo >>"$logs/digests.txt"
}

# Sets `cell`, one of the table; `reference` is the digest of the first run of the row.
digest_of() { # EXPERIMENT STEPS RUN
  local name=$1-$3 found
  cell=-
  [ "$3" != x86_64-avx512 ] || grep -qw avx512f /proc/cpuinfo || return 0
  step "$name" digest train_on "${3%-*}" "$1" "$2" "${3#*-}" || return 0
  found=$(digest "$logs/$name.log")
  if [ "$3" = "${RUNS[0]}" ]; then
    reference=$found cell=${found:0:12}
  elif [ "$found" = "$reference" ]; then
    cell=equal
  else
    cell=DIFFERENT
    conclude "$name-digest" DIFFERENT "${RUNS[0]} has ${reference:-none}"
  fi
}

deepq_here() {
  (cd "$checkout" && cargo xtask list) >/dev/null && echo "the program of this machine"
}

train_on() { # PROCESSOR EXPERIMENT STEPS ISA
  local arguments=(train "$2" --steps "$3" --seed 7 --isa "$4" --quiet --no-video)
  arguments+=(--set evaluation.episodes=2 --set evaluation.environments=2 --out)
  local out=runs/platforms-$2-$4
  if [ "$1" = aarch64 ]; then
    arm_program "${arguments[@]}" "$out" && enter "$MACHINE" cat "$out/summary.json"
  else
    out=$logs/$2-$4
    (cd "$checkout" && cargo xtask "${arguments[@]}" "$out") && cat "$out/summary.json"
  fi
}
