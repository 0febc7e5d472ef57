#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The store cannot be written: its file system is full or turns read-only under a running collector, or the file is another's. The first two
# are waited for; the last ends the collector at the start and leaves the file as it was. Afterwards each record is there once. Needs root
# for a small tmpfs and a small ext4 on a loop device.

own_mounts=yes
# shellcheck source-path=SCRIPTDIR source=../chaos/lib.sh
. "$(dirname "$(readlink -f "$0")")/../chaos/lib.sh"

need_root 'the store gets a file system of its own'
produced=0 running=''

# produce: 2,000 records more, of another life of the agents
produce ()
{
  produced=$((produced + 2000))
  "$build/tests/generate" --records 2000 --resources 20 --epoch "e$produced" --brokers "$brokers" --topic "$topic" --sums "$dir/sums"
}

start_collector ()
{
  "$collector" "${for_ever[@]}" -o collector.state-dir="$dir/c" -o collector.runtime-dir="$dir/c" -o source.kafka.bootstrap.servers="$brokers" \
    -o source.topic="$topic" -o store.url="$store" > "$dir/collector.log" 2>&1 &
  running=$!
  pids=("$running")
}

# keep_in FOLDER: the store of everything that follows
keep_in ()
{
  folder=$1 store=sqlite://$1/usage.db
}

has_all ()
{
  [ "$(sqlite3 -readonly "$folder/usage.db" 'SELECT count(*) FROM raw' 2> /dev/null)" = "$produced" ]
}

all_is_stored ()
{
  wait_until 300000 has_all
}

says ()
{
  grep -qF -- "$1" "$dir/collector.log"
}

# waits_because TEXT: the collector says so, and goes on running
waits_because ()
{
  wait_until 300000 says "$1" && ! gone "$running"
}

# Refused when somebody has written more in the meantime.
shrink ()
{
  mount -o "remount,size=$(($(df --output=used -k "$folder" | tail -n 1) + 64))k" "$folder"
}

# What is there has room; what comes next has none.
waits_for_a_full_disk ()
{
  start_collector
  produce && all_is_stored || return 1
  wait_until 60000 shrink && produce && waits_because 'database or disk is full'
}

goes_on_when_there_is_room ()
{
  mount -o remount,size=256m "$folder"
  all_is_stored && ! gone "$running"
}

# Nothing mends that but mounting it anew, for which the collector must let go of it.
waits_for_a_disk_that_turned_read_only ()
{
  local device
  start_collector
  all_is_stored || return 1
  device=$(findmnt -no SOURCE "$folder")
  echo 1 > "/sys/fs/ext4/${device##*/}/trigger_fs_error"
  ! touch "$folder/mark" 2> /dev/null && produce && waits_because 'trying again' || return 1
  stop "$running" 60000
}

goes_on_when_it_is_mounted_anew ()
{
  wait_until 60000 umount "$folder" && wait_until 60000 mount -o loop "$dir/image" "$folder" || return 1
  start_collector
  all_is_stored && stop "$running" 60000
}

# refuses NAME TEXT: at the start, with the file as it is, which stays so
refuses ()
{
  local before
  before=$(sha256sum "$folder/usage.db")
  expect_exit "$1" 1 "$2" "$collector" "${for_ever[@]}" -o collector.state-dir="$dir/c" -o collector.runtime-dir="$dir/c" \
    -o source.kafka.bootstrap.servers="$brokers" -o source.topic="$topic" -o store.url="$store"
  check_equal "$1_and_leaves_it_as_it_was" "$before" "$(sha256sum "$folder/usage.db")"
}

start_kafka --nodes 1
make_topics "$topic" 2
keep_in "$dir/full"
mount_on "$folder" -t tmpfs -o size=256m store
check 'collector_waits_for_a_full_disk' waits_for_a_full_disk
check 'collector_goes_on_when_there_is_room' goes_on_when_there_is_room
check 'collector_ends_as_always_after_a_full_disk' stop "$running" 60000

keep_in "$dir/error"
truncate -s 64M "$dir/image"
mkfs.ext4 -q -F "$dir/image"
mount_on "$folder" -o loop,errors=remount-ro "$dir/image"
check 'collector_waits_for_a_disk_that_turned_read_only' waits_for_a_disk_that_turned_read_only
check 'collector_goes_on_when_it_is_mounted_anew' goes_on_when_it_is_mounted_anew

cp "$folder/usage.db" "$dir/good.db"
keep_in "$dir"
cp "$dir/good.db" "$folder/usage.db"
sqlite3 "$folder/usage.db" 'PRAGMA user_version = 1000' > /dev/null
refuses 'collector_refuses_a_store_of_a_future_schema' 'has schema 1000'
rm "$folder/usage.db"*
sqlite3 "$folder/usage.db" 'CREATE TABLE bookmark (url TEXT); INSERT INTO bookmark VALUES (1)'
refuses 'collector_refuses_the_database_of_another_application' 'another application'
rm "$folder/usage.db"*
head -c 100000 /dev/urandom > "$folder/usage.db"
refuses 'collector_refuses_what_is_no_database' 'not an SQLite database'
cp "$dir/good.db" "$folder/usage.db"
check 'collector_takes_its_own_store_again' collect
check 'each_record_is_there_once' has_all
