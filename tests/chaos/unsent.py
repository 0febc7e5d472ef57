#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Says of each kill how many records lay in the outbox that the journal did not say to be confirmed, and how many that were not in Kafka.

Usage: unsent.py KILLS TOPIC. KILLS: a line per kill: the wall clock's milliseconds right after it, how many the journal did not say to be
confirmed, what outbox.py wrote of the outbox then. TOPIC: what kcat printed of the whole topic, as time TAB headers; its times must be those of
arrival (LogAppendTime), so that what came only after a kill is known also where the broker could not be asked at the time.

Fails unless more than half of the kills met records that were not in Kafka."""
import sys


def read_arrivals(path):
    """id -> when it came first, in milliseconds."""
    arrivals = {}
    with open(path) as file:
        for line in file:
            came, headers = line.rstrip("\n").split("\t", 1)
            name = dict(part.split("=", 1) for part in headers.split(",") if "=" in part)["ce_id"]
            arrivals[name] = min(int(came), arrivals.get(name, int(came)))
    return arrivals


def main():
    arrivals = read_arrivals(sys.argv[2])
    kills = unconfirmed_at = unsent_at = 0
    with open(sys.argv[1]) as file:
        for line in file:
            killed, unconfirmed, left = line.split()
            with open(left) as lay:
                names = [row.split()[0] for row in lay]
            # The millisecond of the kill counts as before it.
            unsent = sum(arrivals.get(name, sys.maxsize) > int(killed) for name in names)
            kills += 1
            unconfirmed_at += int(unconfirmed) > 0
            unsent_at += unsent > 0
            print(f"# kill {kills}: {len(names)} records on disk, {unconfirmed} not confirmed by the journal, {unsent} not in Kafka")
    print(f"# of {kills} kills {unconfirmed_at} met records that the journal did not say to be confirmed, {unsent_at} some that were not in Kafka")
    return 0 if unsent_at * 2 > kills else 1


sys.exit(main())
