#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the records of an agent that was restarted say.

Usage: remember.py events FILE ID      the lifecycle records of a guest, one a line: event, state, how it was observed
       remember.py not_before FILE ID EVENT    its last such record's not_before, in seconds since 1970, or nothing
       remember.py deltas FILE ID      "same", or what the deltas come to against the counter they are made of
       remember.py polls FILE ID       how many samples records it has
"""
import datetime
import json
import sys


def records(path, guest):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            # The agent writes while this reads: its last line may be half of one.
            if line.endswith("\n"):
                data = json.loads(line)["data"]
                if data.get("resource", {}).get("id") == guest:
                    yield data


def seconds(text):
    return int(datetime.datetime.fromisoformat(text[:19] + "+00:00").timestamp())


def samples(path, guest, meter):
    for record in records(path, guest):
        if record["schema"] == "hypermeter.samples/1":
            for sample in record["samples"]:
                if sample["meter"] == meter:
                    yield int(sample["value"])


def deltas(path, guest):
    counter = list(samples(path, guest, "network.incoming.bytes"))
    told = sum(samples(path, guest, "network.incoming.bytes.delta"))
    came = counter[-1] - counter[0]
    return "same" if told == came > 0 else f"{told} of {came}"


def main():
    what, path, guest = sys.argv[1:4]
    if what == "polls":
        print(sum(1 for record in records(path, guest) if record["schema"] == "hypermeter.samples/1"))
    elif what == "deltas":
        print(deltas(path, guest))
    else:
        told = [record for record in records(path, guest) if record["schema"] == "hypermeter.lifecycle/1"]
        if what == "events":
            for record in told:
                print(record["event"], record["resource"].get("state"), record["observed"])
        else:
            found = [record["not_before"] for record in told if record["event"] == sys.argv[4]]
            print(seconds(found[-1]) if found else "")


main()
