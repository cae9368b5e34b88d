#!/usr/bin/env bash
# Steps: what is tried, what it said, and the table at the end. Sourced by run.sh.

results=()
failures=0

# Runs a command, whose output goes to a log, and keeps how it ended. DETAIL is a function that finds in the log what the
# table shows.
step() { # NAME DETAIL COMMAND...
  local name=$1 detail=$2 log=$logs/$1.log begin=$SECONDS code=0
  shift 2
  printf '%-36s ' "$name"
  ("$@") >"$log" 2>&1 </dev/null || code=$?
  if [ "$code" = 0 ]; then
    keep_result "$name" ok "$($detail "$log")" $((SECONDS - begin))
  else
    keep_result "$name" FAILED "exit code $code: $(tail -n 1 "$log")" $((SECONDS - begin))
  fi
  return "$code"
}

keep_result() { # NAME OUTCOME DETAIL SECONDS
  [ "$2" = ok ] || failures=$((failures + 1))
  results+=("$(printf '%-36s %-9s %6s  %s' "$1" "$2" "$4 s" "$3")")
  printf '%-9s %6s  %s\n' "$2" "$4 s" "$3"
}

# Keeps what a comparison came to, which takes no time.
conclude() { # NAME OUTCOME DETAIL
  printf '%-36s ' "$1"
  keep_result "$1" "$2" "$3" 0
}

# Takes away what was built, which is large, if no step has failed since there were BEFORE failures. The machine itself
# stays, for the next time.
tidy() { # MACHINE BEFORE
  if [ "$keep" = false ] && [ "$failures" = "$2" ]; then
    as_root rm -rf --one-file-system "$(root_of "$1")$CLONE/target"
  fi
}

# The end: everything once more, and the exit code.
summarise() {
  local result
  printf '\nCommit %s\n' "$commit"
  for result in "${results[@]}"; do printf '%s\n' "$result"; done | tee "$logs/summary.txt"
  [ ! -e "$logs/digests.txt" ] || cat "$logs/digests.txt"
  printf 'Logs: %s\n' "$logs"
  [ "$failures" = 0 ] || fail "$failures of ${#results[@]} steps failed"
}

# What a log says, for the table.
last_line() {
  tail -n 1 "$1"
}

digest() {
  sed -nE 's/^ *"digest": *"([0-9a-f]+)".*/\1/p' "$1" | tail -n 1
}

test_counts() {
  awk '/^test result:/ { passed += $4; failed += $6; ignored += $8; suites++ }
    END { printf "%d passed, %d failed, %d ignored, in %d suites", passed, failed, ignored, suites }' "$1"
}

# The versions that make_machine prints last.
versions() {
  tail -n 5 "$1" | awk '!seen[$0]++' | paste -sd ';' | sed 's/;/; /g'
}
