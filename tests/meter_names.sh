#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The names that price lists rely on are there: those that OpenStack's billing knows, under the same names, and the further ones that
# docs promise. Speaks TAP; run by `make check` at the root of the build.
set -u
listed=$(mktemp)
trap 'rm -f "$listed"' EXIT
./data/list_meters json pollsters/.libs:notifications/.libs > "$listed" || exit 1

# has NUMBER TEST NAME…
has ()
{
  number=$1 test=$2 missing=''
  shift 2
  for name; do
    grep -q "\"name\": \"$name\"" "$listed" || missing="$missing $name"
  done
  if [ -z "$missing" ]; then
    echo "ok $number - $test"
  else
    echo "not ok $number - $test"
    echo "# missing:$missing"
  fi
}

echo 1..3
has 1 meters_of_openstack_have_their_names \
  cpu vcpus memory memory.usage memory.available memory.resident memory.swap.in memory.swap.out power.state instance \
  disk.device.read.requests disk.device.write.requests disk.device.read.bytes disk.device.write.bytes disk.device.read.latency \
  disk.device.write.latency disk.device.capacity disk.device.allocation disk.device.usage disk.root.size disk.ephemeral.size \
  network.incoming.bytes network.outgoing.bytes network.incoming.bytes.delta network.outgoing.bytes.delta network.incoming.packets \
  network.outgoing.packets network.incoming.packets.error network.outgoing.packets.error network.incoming.packets.drop \
  network.outgoing.packets.drop perf.cpu.cycles perf.instructions perf.cache.references perf.cache.misses
has 2 meters_of_an_instance_go_further \
  uptime cpu.user cpu.system cpu.guest cpu.steal vcpu.time vcpu.wait vcpu.delay memory.major_faults memory.minor_faults \
  disk.device.flush.requests disk.device.flush.latency disk.device.errors migration.time.elapsed migration.data.total \
  migration.data.processed migration.data.remaining migration.downtime
has 3 meters_of_the_host_are_there \
  host.cpu.time host.cpu.count host.instances host.vcpus.allocated host.memory.total host.memory.free host.memory.available \
  host.memory.allocated host.disk.device.read.bytes host.disk.device.write.bytes host.disk.device.read.requests \
  host.disk.device.write.requests host.network.incoming.bytes host.network.outgoing.bytes host.network.incoming.packets \
  host.network.outgoing.packets host.network.incoming.packets.error host.network.outgoing.packets.error host.network.incoming.packets.drop \
  host.network.outgoing.packets.drop host.pool.capacity host.pool.allocation host.pool.available host.power.energy
