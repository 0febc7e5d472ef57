# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The metadata element of a server, in the form and order in which Nova writes it from 2025.2 on: flavor with its id and extra
# specs, image with its properties. Sourced by the scripts that make guests, after common.sh.

# nova_metadata ADDRESS: reads the variables name, uuid, project_id, project_name, user_id, user_name, flavor, vcpus, memory
nova_metadata ()
{
  local image
  # shellcheck disable=SC2154 # the caller's variables
  image=$(uuid_of "image of $flavor")
  # shellcheck disable=SC2154
  cat << END
    <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
      <nova:package version="32.0.0"/>
      <nova:name>$(xml_escape "$name")</nova:name>
      <nova:creationTime>$(date -u '+%Y-%m-%d %H:%M:%S')</nova:creationTime>
      <nova:flavor name="$(xml_escape "$flavor")" id="$(uuid_of "flavor $flavor")">
        <nova:memory>$memory</nova:memory>
        <nova:disk>1</nova:disk>
        <nova:swap>0</nova:swap>
        <nova:ephemeral>0</nova:ephemeral>
        <nova:vcpus>$vcpus</nova:vcpus>
        <nova:extraSpecs/>
      </nova:flavor>
      <nova:image uuid="$image">
        <nova:containerFormat>bare</nova:containerFormat>
        <nova:diskFormat>qcow2</nova:diskFormat>
        <nova:minDisk>1</nova:minDisk>
        <nova:minRam>0</nova:minRam>
        <nova:properties>
          <nova:property name="hw_machine_type">pc</nova:property>
        </nova:properties>
      </nova:image>
      <nova:owner>
        <nova:user uuid="$(xml_escape "$user_id")">$(xml_escape "$user_name")</nova:user>
        <nova:project uuid="$(xml_escape "$project_id")">$(xml_escape "$project_name")</nova:project>
      </nova:owner>
      <nova:root type="image" uuid="$image"/>
      <nova:ports>
        <nova:port uuid="$(uuid_of "port of $uuid")">
          <nova:ip type="fixed" address="$1" ipVersion="4"/>
        </nova:port>
      </nova:ports>
    </nova:instance>
END
}
