#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The disk below the outbox is full, turns read-only under a running agent, cannot be written at all, or is put back to what it held
# yesterday. The agent polls on wherever it can; what is lost is said in gap records and is no more than what they say. Needs root for a small
# tmpfs and a small ext4 on a loop device.

own_mounts=yes
# shellcheck source-path=SCRIPTDIR source=../chaos/lib.sh
. "$(dirname "$(readlink -f "$0")")/../chaos/lib.sh"

interval=100ms
options=(-o agent.stop-timeout=10s) # half of it is for a poll that is under way
need_root 'the outbox gets a file system of its own'

# begin NAME: a topic, a ledger and a state folder of its own
begin ()
{
  topic=disk.$1 state=$dir/disk.$1/a looks=0
  rm -f "$dir"/left.* "$HM_LEDGER"
  make_topic
}

# polls N: N more times
polls ()
{
  wait_until 300000 has_values $(($(values) + $1 * 1000))
}

overflows ()
{
  grep -q 'records are lost' "$dir/agent.log"
}

# The broker is away for so long that memory would be full, too, of what waits for the disk. Then it freezes with records on their way to it, and
# takes them when the agent has ended: nobody confirmed those, and they are no loss all the same.
polls_on_when_the_disk_is_full ()
{
  local status=0
  freeze
  start_agent "${options[@]}"
  { wait_until 300000 overflows && polls 28; } || status=1
  thaw
  wait_until 300000 has_arrived 1 || status=1
  freeze
  stop_agent || :
  thaw
  return "$status"
}

# is_stopped_at_rest: everything in the ledger has come, so it was on disk and is not on its way there; a poll that begins afterwards finds the
# disk as it is then.
is_stopped_at_rest ()
{
  kill -STOP "$running"
  [ "$(kcat -C -q -b "$brokers" -t "$topic" -e -f '%s\n' | grep chaos.ledger | sort -u | wc -l)" -lt "$(values)" ] || return 0
  kill -CONT "$running"
  return 1
}

# In a pause between two polls: such a file system says of a sync under way that it has done it.
polls_on_when_the_disk_turns_read_only ()
{
  local device interval=2s
  device=$(findmnt -no SOURCE "$dir/disk.error")
  start_agent "${options[@]}"
  polls 2 && wait_until 300000 is_stopped_at_rest || return 1
  echo 1 > "/sys/fs/ext4/${device##*/}/trigger_fs_error"
  ! touch "$dir/disk.error/mark" 2> /dev/null || return 1
  kill -CONT "$running"
  polls 2
}

# Nothing can be noted there, so what it could not store is lost with it. What it had stored comes.
comes_back_from_a_read_only_disk ()
{
  stop_agent || :
  wait_until 120000 umount "$dir/disk.error" && wait_until 60000 mount -o loop "$dir/image" "$dir/disk.error" && look && is_settled
}

# Twice the same records: first on their way, then again from the old copy.
runs_on_yesterdays_folder ()
{
  freeze
  start_agent "${options[@]}"
  polls 4 || return 1
  stop_agent || :
  look || return 1
  thaw
  cp -a "$state" "$dir/yesterday"
  start_agent -o agent.stop-timeout=120s
  polls 4 && stop_agent && look && [ "$unconfirmed" -eq 0 ] || return 1
  today=$(arrived)
  rm -r "$state"
  mv "$dir/yesterday" "$state"
  is_settled
}

start_kafka --nodes 1

begin full
mount_on "$dir/disk.full" -t tmpfs -o size=4m chaos
check 'agent_polls_on_when_the_disk_is_full' polls_on_when_the_disk_is_full
check 'all_that_waits_is_sent_when_the_disk_was_full' is_settled
check 'gap_records_say_what_a_full_disk_cost' compare --losses --whole 2

begin denied
mount_on "$dir/disk.denied" -t tmpfs -o size=64m,ro chaos
expect_exit 'agent_says_so_when_its_folder_cannot_be_made' 73 "$dir/disk.denied" "$build/tests/chaos/chaos_agent" \
  -o agent.id=chaos -o agent.state-dir="$state" -o agent.runtime-dir="$dir/run"
mount -o remount,rw "$dir/disk.denied"
check 'all_that_waits_is_sent_when_it_can_be_written' is_settled
mount -o remount,ro "$dir/disk.denied"
expect_exit 'agent_says_so_when_its_folder_cannot_be_written' 73 "$state" "$build/tests/chaos/chaos_agent" \
  -o agent.id=chaos -o agent.state-dir="$state" -o agent.runtime-dir="$dir/run"
mount -o remount,rw "$dir/disk.denied"
check 'agent_goes_on_when_it_can_be_written_again' is_settled
check 'nothing_is_lost_by_a_disk_that_could_not_be_written' compare --whole 2

begin error
truncate -s 32M "$dir/image"
mkfs.ext4 -q -F "$dir/image"
mount_on "$dir/disk.error" -o loop,errors=remount-ro "$dir/image"
check 'agent_polls_on_when_the_disk_turns_read_only' polls_on_when_the_disk_turns_read_only
check 'agent_comes_back_from_a_read_only_disk' comes_back_from_a_read_only_disk
check 'nothing_that_was_on_disk_is_lost_by_a_read_only_disk' compare --losses

begin yesterday
mkdir "$dir/disk.yesterday"
check 'all_of_yesterdays_folder_is_sent' runs_on_yesterdays_folder
check 'records_come_again_from_yesterdays_folder' [ "$(arrived)" -gt "$today" ]
check 'repeats_of_yesterdays_folder_have_the_same_bytes' compare --whole 3
