# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the scripts of this folder share: sourced by each of them, never run. Only functions and constants; sourcing it changes nothing.
# Exit codes are those of the project's commands (64 usage, 69 a part is not there, 70 internal, 73 cannot create, 75 try again, 77 not permitted).

# Downloads and builds that are worth keeping between runs; removing the folder costs time only.
HYPERMETER_CACHE=${HYPERMETER_CACHE:-${XDG_CACHE_HOME:-${HOME-~}/.cache}/hypermeter}

say ()
{
  printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# die CODE TEXT…
die ()
{
  local code=$1
  shift
  say "$*"
  exit "$code"
}

# need PROGRAM…: ends with 69 and the first program that is not installed
need ()
{
  local program
  for program; do
    command -v "$program" > /dev/null || die 69 "$program is not installed (scripts/install-deps test)"
  done
}

# need_root WHY
need_root ()
{
  [ "$(id -u)" -eq 0 ] || die 77 "needs root: $1"
}

# Monotonic milliseconds (the time since boot, to 10 ms), for deadlines that a stepped clock must not move.
now_ms ()
{
  local up
  read -r up _ < /proc/uptime
  echo $((10#${up/./} * 10))
}

# wait_until MILLISECONDS COMMAND…: asks until the command succeeds; fails, and says so, when the time is over
wait_until ()
{
  local limit=$1 deadline=$(($(now_ms) + $1))
  shift
  until "$@"; do
    if [ "$(now_ms)" -ge "$deadline" ]; then
      say "not within $limit ms: $*"
      return 1
    fi
    sleep 0.05
  done
}

# on_exit COMMAND ARGUMENT...: runs it when the script ends, whatever ends it; "trap - EXIT" takes it back. The arguments are those of
# now: a function's variables are gone by then.
on_exit ()
{
  # shellcheck disable=SC2064
  trap "$(printf '%q ' "$@")" EXIT
}

# True if PID runs and TEXT is one of its arguments. A pid alone names nobody: it may have been given away again.
has_argument ()
{
  local argument
  while IFS= read -r -d '' argument; do
    [ "$argument" != "$2" ] || return 0
  done 2> /dev/null < "/proc/$1/cmdline"
  return 1
}

# Pids of all processes that carry TEXT as one argument, one a line.
pids_with_argument ()
{
  local folder
  for folder in /proc/[0-9]*; do
    ! has_argument "${folder#/proc/}" "$1" || echo "${folder#/proc/}"
  done
}

# For what stays behind a command: closes the files it got from its caller beyond the first three, so that nobody waits for the end
# of a pipe which a daemon holds open.
close_inherited ()
{
  local file
  for file in "/proc/$BASHPID/fd/"*; do
    case ${file##*/} in
      [012] | 255) ;; # 255 is where bash reads the script from; it closes that itself
      *) eval "exec ${file##*/}>&-" ;;
    esac
  done
}

new_uuid ()
{
  cat /proc/sys/kernel/random/uuid
}

# The same text always gives the same UUID (for what a cloud would know under one id: flavors, images).
uuid_of ()
{
  local sum
  sum=$(printf '%s' "$1" | md5sum)
  printf '%s-%s-4%s-8%s-%s\n' "${sum:0:8}" "${sum:8:4}" "${sum:13:3}" "${sum:17:3}" "${sum:20:12}"
}

xml_escape ()
{
  local text=${1//&/'&amp;'}
  text=${text//</'&lt;'}
  text=${text//>/'&gt;'}
  text=${text//\"/'&quot;'}
  printf '%s' "${text//\'/'&apos;'}"
}
