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

# wait_until MILLISECONDS COMMAND…: asks until the command succeeds; fails, and says so, when the time is over. The last time is after that:
# on a machine that stood still for so long, nothing else had any time either.
wait_until ()
{
  local limit=$1 deadline=$(($(now_ms) + $1)) over=no
  shift
  until "$@"; do
    if [ "$over" = yes ]; then
      say "not within $limit ms: $*"
      return 1
    fi
    sleep 0.05
    [ "$(now_ms)" -lt "$deadline" ] || over=yes
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

# -- ports of servers --

port_is_free ()
{
  ! (: < "/dev/tcp/127.0.0.1/$1") 2> /dev/null
}

# Several of these programs choose ports at once, and each uses them seconds later. So ports are reserved by tens: the link of a ten
# names the DIR that it belongs to, from before its first start until stop.
locks=${TMPDIR:-/tmp}/hypermeter-ports

# reserve DIR FIRST COUNT: for DIR, unless one of them is another's; what is DIR's already stays so
reserve ()
{
  local ten lock
  for ((ten = $2 / 10; ten <= ($2 + $3 - 1) / 10; ten++)); do
    lock=$locks.${ten}0
    ln -sT "$1" "$lock" 2> /dev/null || [ "$(readlink "$lock")" = "$1" ] || return 1
  done
}

release ()
{
  local lock
  for lock in "$locks".*; do
    [ "$(readlink "$lock")" != "$1" ] || rm -f "$lock"
  done
}

all_free () # FIRST COUNT
{
  local port
  for ((port = $1; port < $1 + $2; port++)); do
    port_is_free "$port" || return 1
  done
}

# reserve_free DIR COUNT: the first of so many neighbouring ports that nobody has reserved or listens on, below those that the kernel gives
# to clients
reserve_free ()
{
  local first
  for _ in {1..100}; do
    first=$((20000 + RANDOM % 1200 * 10))
    if reserve "$1" "$first" "$2"; then
      ! all_free "$first" "$2" || { echo "$first"; return; }
      release "$1"
    fi
  done
  die 75 "no free ports"
}

# -- certificates --

# make_authority NAME: the key and the certificate of one that signs others, NAME.key and NAME.pem in this folder
make_authority ()
{
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=an authority for tests" -keyout "$1.key" \
    -out "$1.pem" 2> /dev/null
}

# sign NAME SUBJECT [DAYS]: NAME.crt for that host or user, with its key, by the authority ca of this folder; for -1 days it is over already
sign ()
{
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout "$1.key" -out "$1.csr" 2> /dev/null
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "${3:-30}" -out "$1.crt" \
    -extfile <(echo "subjectAltName=DNS:$2,IP:127.0.0.1") 2> /dev/null
}

random_password ()
{
  head -c 12 /dev/urandom | base64 | tr '+/' 'ab'
}
