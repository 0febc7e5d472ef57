#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Judges what came out of Kafka by the ledger and by what lay in the outbox after each kill.

Usage: compare.py [--losses] [--whole N] [--ticks MILLISECONDS --skipped FILE] LEDGER TOPIC LEFT…
LEDGER: lines of the ledger pollster. TOPIC: what kcat printed of the whole topic, in order within each partition, as headers TAB value.
LEFT: what outbox.py wrote after each kill. --whole N: the last N runs were stopped, not killed, so nothing of theirs is missing.

Of each run and resource Kafka holds a part of the ledger from its start on without gaps: what is missing at its end alone was not on disk yet
when the run was killed. All that was on disk is there with the same bytes; no id has two contents; sequences have no gaps; what comes first of
a resource comes in order, an older run's before a newer one's, but that a gap record may come later than its place, never earlier, as one whose
segment goes is appended again; a bin that a heartbeat closed holds what it says. With --losses records may be
missing anywhere, as many as gap records say. With --ticks each run polled at every such interval, but for ticks that it said itself to have skipped:
FILE has lines of process id, monotonic milliseconds and how many it had skipped when it was asked after that, at most one a run."""
import argparse
import collections
import hashlib
import json
import sys

# A group is on disk long before. Who uses this polls each second, or more often: so few polls take longer only where they were late themselves,
# and what a machine that stands still does not let poll it does not let write either.
SLACK, POLLS = 5 * 10**9, 5

problems = collections.Counter()


def problem(kind, text):
    problems[kind] += 1
    if problems[kind] <= 3:
        print(f"#   {kind}: {text}")


class Ledger:
    """runs: in their order; values: (run, resource) -> values in their order; run_of: value -> run."""

    def __init__(self, path):
        self.runs, self.values, self.run_of, self.resource_of = [], collections.defaultdict(list), {}, {}
        self.made = {}  # value -> monotonic nanoseconds
        self.ends = {}  # run -> those of its last value
        with open(path) as file:
            for line in file:
                run, resource, value, made, _ = line.split()
                value = int(value)
                self.ends[run] = self.made[value] = int(made)
                if (not self.runs or self.runs[-1] != run) and run not in self.runs:
                    self.runs.append(run)
                self.values[run, resource].append(value)
                self.run_of[value], self.resource_of[value] = run, resource


class Topic:
    """What is in Kafka, each id once, as it came first."""

    def __init__(self, path):
        self.digests = {}  # id -> of its bytes
        self.series = collections.defaultdict(list)  # (epoch, resource) -> (seq, value of the ledger or None), in order of arrival
        self.arrivals = collections.defaultdict(list)  # resource -> (epoch, seq, is a gap record), in order of arrival
        self.bins = collections.defaultdict(lambda: [0, 0])  # (epoch, bin) -> records, sum
        self.closed, self.gaps, self.records = {}, [], 0
        with open(path, "rb") as file:
            for line in file:
                headers, value = line.rstrip(b"\n").split(b"\t", 1)
                self.add(dict(part.split("=", 1) for part in headers.decode().split(",") if "=" in part)["ce_id"], value)

    def add(self, name, value):
        self.records += 1
        digest = hashlib.sha256(value).digest()
        known = self.digests.setdefault(name, digest)
        if known is not digest:
            if known != digest:
                problem("two contents", name)
            return
        record = json.loads(value)
        epoch, resource, schema = record["agent"]["epoch"], record["resource"]["id"], record["schema"]
        self.series[epoch, resource].append((record["seq"], ledger_value(record)))
        self.arrivals[resource].append((epoch, record["seq"], schema == "hypermeter.gap/1"))
        if schema == "hypermeter.heartbeat/1":
            self.close(record.get("bins", []))
            return
        if schema == "hypermeter.gap/1":
            self.gaps.append(record)
        made = self.bins[epoch, record["agent"]["bin"]]
        made[0] += 1
        made[1] = (made[1] + int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")) % 2**64

    def close(self, bins):
        for one in bins:
            key, said = (one["epoch"], one["bin"]), [int(one["records"]), int(one["sum"])]
            if self.closed.setdefault(key, said) != said:
                problem("bin closed twice", f"{key}: {self.closed[key]}, then {said}")


def ledger_value(record):
    for sample in record.get("samples", []):
        if sample["meter"] == "chaos.ledger":
            return int(sample["value"])
    return None


def check_sequences(topic, losses):
    """(epoch, resource) -> how many numbers below the last one that came are missing."""
    holes = {}
    for key, series in topic.series.items():
        holes[key] = max(series)[0] - len(series)
        if holes[key] and not losses:
            problem("numbers missing", f"{holes[key]} of {key[1]} in {key[0]}")
    return holes


def check_runs(ledger, topic):
    """Each agent epoch is one run of the ledger."""
    runs = {}
    for (epoch, resource), series in topic.series.items():
        for _, value in series:
            if value is None:
                continue
            run = ledger.run_of.get(value)
            if run is None or ledger.resource_of[value] != resource:
                problem("not in the ledger", f"{value} of {resource}")
            elif runs.setdefault(epoch, run) != run:
                problem("runs mixed", f"{epoch} holds values of {run} and {runs[epoch]}")
    if len(set(runs.values())) != len(runs):
        problem("runs mixed", "one run under two epochs")
    return runs


def is_late(ledger, run, polls, tail):
    """Whether the first of what is missing was made too long before the run's end, by the clock and by the run's polls, those of others included."""
    first = ledger.made[tail[0]]
    since = max(len(tail), sum(ledger.made[value] >= first for value in polls))
    return first < ledger.ends[run] - SLACK and since > POLLS


def check_values(ledger, topic, runs, losses, whole):
    """How many values of the ledger are missing; the longest tail of a run."""
    came, polls = {}, {}
    for (run, _), values in ledger.values.items():
        polls[run] = max(polls.get(run, []), values, key=len)
    for (epoch, resource), series in topic.series.items():
        values = [value for _, value in sorted(series) if value is not None]
        if values and epoch in runs:
            came[runs[epoch], resource] = values
    missing = longest = 0
    for (run, resource), values in ledger.values.items():
        got = came.get((run, resource), [])
        missing += len(values) - len(got)
        longest = max(longest, len(values) - len(got))
        if not losses and got != values[:len(got)]:
            problem("not the ledger's beginning", f"{resource} in run {run}")
        elif not losses and len(got) < len(values) and is_late(ledger, run, polls[run], values[len(got):]):
            problem("not on disk for long", f"{resource} in run {run}, from {values[len(got)]} on")
        if losses and got != sorted(set(got) & set(values)):
            problem("not the ledger's order", f"{resource} in run {run}")
        if run in whole and not losses and got != values:
            problem("missing of a run that was stopped", f"{len(values) - len(got)} of {resource} in run {run}")
    return missing, longest


def check_order(ledger, topic, runs):
    order = {run: number for number, run in enumerate(ledger.runs)}
    for resource, arrivals in topic.arrivals.items():
        following = (len(order), 0)
        for epoch, seq, is_gap in reversed(arrivals):
            place = (order[runs[epoch]], seq) if epoch in runs else following
            if place > following:
                problem("order", f"of {resource}: {place} before {following}")
            if not is_gap:
                following = min(place, following)


def check_left(topic, paths):
    """How many records lay in the outboxes, and how many of them did not come."""
    lay, lost = 0, set()
    for path in paths:
        with open(path) as file:
            for line in file:
                name, digest = line.split()
                lay += 1
                if name not in topic.digests:
                    lost.add(name)
                elif topic.digests[name].hex() != digest:
                    problem("two contents", f"{name} in {path} and in Kafka")
    return lay, lost


def check_bins(topic, losses):
    for (epoch, number), (records, total) in topic.closed.items():
        made = topic.bins.get((epoch, number), [0, 0])
        if made != [records, total] and not losses:
            problem("bin", f"{epoch} {number}: said {records} {total}, came {made[0]} {made[1]}")
        if made[0] > records:
            problem("bin", f"{epoch} {number}: said {records}, came {made[0]}")


def read_skipped(path):
    """process id -> (when it was asked, in nanoseconds, how many ticks it said to have skipped)"""
    with open(path) as file:
        return {process: (int(at) * 10**6, int(skipped)) for process, at, skipped in map(str.split, file)}


def missed_ticks(made, until, interval, phase):
    """How many ticks there are up to @until that no poll belongs to: each belongs to the last tick before it, as it may be late, by less than an
    interval, but never early. The first poll is the start's, and belongs to none; the first tick is half an interval later at least."""
    polled = {(one - phase) // interval for one in made[1:]}
    first = (made[0] + interval // 2 - phase) // interval + 1
    return len(set(range(first, (until - phase) // interval + 1)) - polled)


def find_phase(polls, interval):
    """All runs have one grid. Which one is not known, but some poll was punctual: that by which the fewest ticks are missing. A tenth of an
    interval, or less, is given to those that began a little earlier still."""
    some = polls[::len(polls) // 40 + 1]
    phases = {(one - early) % interval for _, (made, _) in some for one in made for early in (interval // 10, interval // 40)}
    return min(phases, key=lambda phase: sum(missed_ticks(made, until, interval, phase) for _, (made, until) in some))


def judged_until(polls, asked):
    """run -> nanoseconds. A run that was asked is judged up to the last poll that had ended by then, and so had another after it: what passes in
    a poll is counted when it ends. One that was not asked is judged up to its last poll, and skipped none."""
    until = {}
    for (run, _), made in polls.items():
        at = asked.get(run.split("-")[0], (None, 0))[0]
        ended = made if at is None else [one for one in made if one <= at][:-1]
        until[run] = max([until.get(run, 0), *ended])
    return until


def check_ticks(ledger, interval, asked):
    """Each run polled at each tick, but for those that it said to have skipped."""
    made = {key: [ledger.made[value] for value in values] for key, values in ledger.values.items()}
    until = judged_until(made, asked)
    polls = [(key, (times, until[key[0]])) for key, times in made.items()]
    phase = find_phase(polls, interval)
    for (run, resource), (made, until) in polls:
        missed, skipped = missed_ticks(made, until, interval, phase), asked.get(run.split("-")[0], (0, 0))[1]
        if missed > skipped:
            problem("ticks missed", f"{missed} of {resource} in run {run}, which said to have skipped {skipped}")
    longest = max(after - before for _, (made, _) in polls for before, after in zip(made, made[1:] or made))
    print(f"# the longest time between two polls of one resource was {longest / 1e6:.0f} ms, of {interval / 1e6:.0f}; ticks said to be skipped: "
          + (", ".join(f"{skipped} in run {process}" for process, (_, skipped) in asked.items()) or "none"))


def check_silence(topic):
    for gap in topic.gaps:
        problem("gap record", f"{gap['records']} records said to be lost: {gap['reason']}")


def check_said(ledger, topic, holes, missing, lost, all_whole):
    """What gap records say is no less than what is known to have been on disk, and no more than what did not come: all of it, where no run
    was killed."""
    said = sum(int(gap["records"]) for gap in topic.gaps)
    books = {resource for _, resource in ledger.values}
    last = {key: max(series)[0] for key, series in topic.series.items()}
    ends = others = 0
    for name in lost:
        _, epoch, resource, seq = name.split("/")
        if int(seq) > last.get((epoch, resource), 0):
            ends += resource in books
            others += resource not in books
    # The agent's own records may have been heartbeats, which nobody counts.
    own = sum(count for (_, resource), count in holes.items() if resource not in books)
    least, most = missing if all_whole else sum(holes.values()) - own + ends, missing + own + others
    if not least <= said <= most:
        problem("gap records do not add up", f"{said} said, {least} to {most} missing")
    print(f"# said to be lost: {said} records in {len(topic.gaps)} gap records; missing: {least} to {most}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--losses", action="store_true")
    parser.add_argument("--whole", type=int, default=0)
    parser.add_argument("--ticks", type=int, metavar="MILLISECONDS")
    parser.add_argument("--skipped", metavar="FILE")
    parser.add_argument("ledger")
    parser.add_argument("topic")
    parser.add_argument("left", nargs="*")
    given = parser.parse_args()
    ledger, topic = Ledger(given.ledger), Topic(given.topic)
    runs = check_runs(ledger, topic)
    holes = check_sequences(topic, given.losses)
    whole = ledger.runs[len(ledger.runs) - given.whole:]
    missing, longest = check_values(ledger, topic, runs, given.losses, whole)
    check_order(ledger, topic, runs)
    lay, lost = check_left(topic, given.left)
    check_bins(topic, given.losses)
    if given.ticks:
        check_ticks(ledger, given.ticks * 10**6, read_skipped(given.skipped) if given.skipped else {})
    if lost and not given.losses:
        problem("was on disk and did not come", f"{len(lost)}, {sorted(lost)[0]} among them")
    print(f"# ledger: {len(ledger.run_of)} values of {len(ledger.runs)} runs; Kafka: {topic.records} records, {len(topic.digests)} ids, "
          f"{len(runs)} runs, {len(topic.closed)} bins closed; on disk after kills: {lay}")
    print(f"# in the ledger and not in Kafka: {missing} values, {longest} of one resource and run at most")
    if given.losses:
        check_said(ledger, topic, holes, missing, lost, len(whole) == len(ledger.runs))
    else:
        check_silence(topic)
    if not topic.digests:
        problem("nothing", "the topic is empty")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
