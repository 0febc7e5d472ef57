#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What is installed besides the programs: the sample configurations are good to the programs, and so is every line in them
# that only waits for its # to be taken away; the services start the installed programs. Speaks TAP; run by `make check` at
# the root of the build.
set -u
data=${HYPERMETER_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0

# try NAME COMMAND…: succeeds; what it said is shown when it does not
try ()
{
  name=$1
  shift
  number=$((number + 1))
  if "$@" > "$work/said" 2>&1; then
    echo "ok $number - $name"
  else
    echo "not ok $number - $name"
    sed 's/^/# /' "$work/said"
  fi
}

# Keys and sections that are commented out are in force; files with secrets are there.
uncomment ()
{
  printf '%064d\n' 0 > "$work/secret"
  chmod 600 "$work/secret"
  mkdir -p "$work/keys"
  sed -E 's/^#(\[|[a-z.-]+=)/\1/; s#^polling=.*#polling='"$data/polling.yaml"'#; s#^keys-dir=.*#keys-dir='"$work/keys"'#; s#^path=.*#path='"$work/records"'#; s#^tls-certificate=.*#tls-certificate='"$data/../tests/fixtures/tls/server.pem"'#; s#=/etc/hypermeter/.*#='"$work/secret"'#' "$data/$1.conf" > "$work/$1.conf"
  [ "$(grep -c '^#[^ ]' "$work/$1.conf")" -eq 0 ]
}

# A service is sections of settings, starts the program as its own user, and may not become more than that. The folder of its
# configuration is root's, unlike the others.
service ()
{
  unit=./data/hypermeter-$1.service
  cat "$unit"
  ! grep -vE '^(#.*|\[(Unit|Service|Install)\]|[A-Z][A-Za-z]*=.*|)$' "$unit" \
    && grep -qx "ExecStart=/[a-zA-Z0-9/._+-]*/hypermeter-$1" "$unit" \
    && for line in User=hypermeter NoNewPrivileges=yes CapabilityBoundingSet= ProtectSystem=strict StateDirectory=hypermeter \
      ConfigurationDirectory=hypermeter ConfigurationDirectoryMode=0755; do
      grep -qxF "$line" "$unit" || return 1
    done
}

# Each meter that is on by default has one source there.
sample_polling ()
{
  HYPERMETER_METERS=data/meters.json ./cli/hypermeter config explain --option agent.polling="$data/polling.yaml" -o csv > "$work/all" || return 1
  ! grep ',no,' "$work/all" | grep -v 'off by default' && [ "$(grep -c ',yes,' "$work/all")" -gt 40 ]
}

# The agent's manager waits for what the agent tells, or for nothing; every @name@ was filled in.
agent_service ()
{
  unit=./data/hypermeter-agent.service
  cat "$unit"
  ! grep -q '@[a-z_]*@' "$unit" && grep -q '^ExecReload=/bin/kill -HUP ' "$unit" \
    && case $(sed -n 's/^Type=//p; s/^WatchdogSec=//p' "$unit" | tr '\n' ' ') in
      'notify 2min ' | 'exec 0 ') ;;
      *) return 1 ;;
    esac
}

# takes PROGRAM FILE: with folders of ours in place of those of an installation
takes ()
{
  set -- "$1" --config "$2" --check-config -o "$1.state-dir=$work/state"
  [ "$1" = agent ] || set -- "$@" -o "store.url=sqlite://$work/usage.db"
  program=$1
  shift
  HYPERMETER_METERS=$PWD/data/meters.json "./$program/hypermeter-$program" "$@"
}

try agent_service_is_told_what_the_agent_can_tell agent_service
for program in agent collector; do
  try "${program}_takes_its_sample_configuration" takes "$program" "$data/$program.conf"
  try "${program}_sample_configuration_can_be_uncommented" uncomment "$program"
  try "${program}_takes_its_sample_configuration_uncommented" takes "$program" "$work/$program.conf"
  try "${program}_service_starts_the_installed_program" service "$program"
done

try agent_takes_its_sample_polling ./agent/hypermeter-agent -o agent.polling="$data/polling.yaml" -o agent.state-dir="$work/state" --check-config
try sample_polling_takes_all_that_is_on_by_default sample_polling

echo "1..$number"
