#!/usr/bin/env bash
# Three nodes in three processes, as in docs/tutorial.md: they join, one says something new, one is
# killed and starts again under its name, and all leave. It prints what each process printed, which
# begins with the seconds since its start, and how long others took to know.
#
#   docs/examples/three-terminals.sh            builds eval, or
#   docs/examples/three-terminals.sh PROGRAM    takes this one
set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program=${1:-}
if [[ -z $program ]]; then
  swift build -c release --product eval
  program=$(swift build -c release --show-bin-path)/eval
fi
folder=$(mktemp -d)
# Processes that run, by their terminals.
declare -A processes=()

clean_up() {
  local process
  for process in "${processes[@]}"; do kill -9 "$process" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap clean_up EXIT

# Starts `eval node` with the arguments behind the terminal's name; what is said to it is typed.
start() {
  local terminal=$1
  shift
  mkfifo "$folder/$terminal.typed"
  printf '$ swift run -c release eval node %s\n' "$*" >"$folder/$terminal"
  "$program" node "$@" <"$folder/$terminal.typed" >>"$folder/$terminal" 2>&1 &
  processes[$terminal]=$!
  # Held open, it does not end while nothing is typed.
  exec {writer}>"$folder/$terminal.typed"
  printf -v "typed_$terminal" '%s' "$writer"
}

type_line() {
  local descriptor=typed_$1
  echo "$2" >>"$folder/$1"
  echo "$2" >&"${!descriptor}"
}

# Waits until a terminal shows a line with this text, for 20 s at most.
shows() {
  local terminal=$1 text=$2 attempt
  for ((attempt = 0; attempt < 2000; attempt++)); do
    ! grep -qF -- "$text" "$folder/$terminal" || return 0
    sleep 0.01
  done
  echo "$terminal does not show “$text”:" >&2
  cat "$folder/$terminal" >&2
  return 1
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# Says how long it took until all the terminals behind the text showed it.
took() {
  local what=$1 since=$2 text=$3 terminal
  shift 3
  for terminal; do shows "$terminal" "$text"; done
  printf '%-44s %6d ms\n' "$what" "$(($(milliseconds) - since))" >>"$folder/times"
}

# The exit status of a terminal's process.
status_of() {
  local status=0
  wait "${processes[$1]}" || status=$?
  unset "processes[$1]"
  echo "exit status $status" >>"$folder/$1"
  [[ $status == "$2" ]] || { echo "$1 ended with $status, not $2" >&2; return 1; }
}

seed=127.0.0.1:7000

since=$(milliseconds)
start one --bind $seed --name web-1 --set role=web
shows one started
start two --bind 127.0.0.1:7001 --join $seed --name web-2 --set role=web
start three --bind 127.0.0.1:7002 --join $seed --name db-1 --set role=db
took "three processes start and know each other" "$since" "db-1  role = db" one two
shows three "web-2  role = web"

since=$(milliseconds)
type_line two 'set motd hello, all'
took "a value is known to all" "$since" "web-2  motd = hello, all" one three
type_line three members
shows three "3 known, 3 live"

# Some quiet seconds, so that the nodes know each other's rhythm.
sleep 5
since=$(milliseconds)
# The shell, too, would say that it was killed.
{ kill -9 "${processes[two]}" && status_of two 137; } 2>/dev/null
took "a kill -9 is told by all others" "$since" "DOWN       web-2" one three

since=$(milliseconds)
start again --bind 127.0.0.1:7001 --join $seed --name web-2 --set role=web
took "a new life of the name is known to all" "$since" "restarted  web-2" one three

since=$(milliseconds)
type_line three leave
took "a node that leaves is told by all others" "$since" "left       db-1" one again
status_of three 0
kill -TERM "${processes[again]}"
status_of again 0
shows one "left       web-2"
kill -TERM "${processes[one]}"
status_of one 0

for terminal in one two three again; do
  printf '\n== terminal %s\n' "$terminal"
  cat "$folder/$terminal"
done
printf '\n== how long it took\n'
cat "$folder/times"
