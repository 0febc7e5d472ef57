# SPDX-License-Identifier: Apache-2.0
"""Loses records of a run in every way there is, keeps what was lost where, and compares with what the command says.

Usage: losses.py plan FOLDER SEED < records    writes FOLDER/<partition>.<part>, lines of key and value for kcat -K, FOLDER/signed, FOLDER/keys and FOLDER/plan
       losses.py gaps FOLDER STORED0 LOW0 STORED2 LOW2 < gaps      `hypermeter gaps --output ndjson`
       losses.py bins FOLDER LOW0 STORED0 LOW2 STORED2 < bins      `hypermeter agents --bins --output ndjson`
       losses.py agents FOLDER … < agents                          `hypermeter agents --output ndjson`
       losses.py offset FOLDER       where partition 0 is to be cut

Agents 0 and 1 send to partition 0, of which a part is removed; 2 and 3 to partition 1, where single records are left out and some become
dead letters, signed and unsigned; the others to partition 2, of which retention drops segments. Part 1 is read before anything is removed.
"""
import collections
import hashlib
import hmac
import json
import os
import random
import sys

FIRST_MINUTES = 20
BIN_NS = 300


def partition_of(agent):
    number = int(agent.rsplit("-", 1)[1])
    return 0 if number < 2 else 1 if number < 4 else 2


def secret_of(agent):
    return hashlib.sha256(agent.encode()).digest()


def id_sum(record_id):
    return int.from_bytes(hashlib.sha256(record_id.encode()).digest()[:8], "big")


class Plan:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = collections.defaultdict(list)  # (partition, part) -> "key\tvalue"
        self.bins = collections.defaultdict(list)  # (partition, part) -> the bin of each line, None where it counts in none
        self.made = {}  # (agent, bin) -> [records, sum]
        self.told = collections.defaultdict(list)  # agent -> times of records that a gap record tells
        self.signed = collections.Counter()  # agent -> dead letters with a right signature
        self.letters = []  # these: key, ce_id, signature, value
        self.losses = []  # what gap records say

    def count(self, record, resource):
        agent, seq = record["agent"], record["seq"]
        made = self.made.setdefault((agent["id"], agent["bin"]), [0, 0])
        made[0] += 1
        made[1] = (made[1] + id_sum(f"{agent['id']}/{agent['epoch']}/{resource}/{seq}")) % 2 ** 64

    def send(self, partition, part, key, value, where):
        self.lines[partition, part].append(f"{key}\t{value}")
        self.bins[partition, part].append(where)

    def sign(self, agent, record_id, key, value):
        parts = b"".join(len(part).to_bytes(4, "big") + part for part in (key.encode(), record_id.encode(), value.encode()))
        digits = hmac.new(secret_of(agent), parts, hashlib.sha256).hexdigest()
        self.signed[agent] += 1
        self.letters.append("\t".join((key, record_id, f"v1;k-{agent};{digits}", value)))

    def take(self, line):
        record = json.loads(line)
        agent, resource = record["agent"]["id"], record["resource"]["id"]
        partition, part = partition_of(agent), 1 if record["seq"] <= FIRST_MINUTES else 2
        self.count(record, resource)
        fate = self.random.randrange(30) if partition == 1 else None
        if fate == 0:
            return  # left out, and nobody says so
        if fate == 1:
            self.told[agent].append(record["time"])
        elif fate == 2:
            self.send(partition, part, resource, line[:-1], None)  # no JSON: a dead letter that nobody has signed
        elif fate == 3:
            self.sign(agent, f"{agent}/{record['agent']['epoch']}/{resource}/{record['seq']}", resource, line[:-1])
        else:
            self.send(partition, part, resource, line, (agent, record["agent"]["bin"]))

    def of_agent(self, record, agent, seq, schema, last_bin):
        frame = {"schema": schema, "source": record["source"], "seq": seq, "time": record["time"],
                 "agent": dict(record["agent"], id=agent, bin=last_bin), "clock": record["clock"],
                 "resource": {"id": agent, "kind": "agent"}}
        return frame

    def say_losses(self, record):
        last_bin = record["agent"]["bin"] + 1
        for agent, times in sorted(self.told.items()):
            gap = self.of_agent(record, agent, 1, "hypermeter.gap/1", last_bin)
            gap.update({"from": min(times), "to": max(times), "records": len(times), "resources": 1, "reason": "room"})
            self.count(gap, agent)
            self.send(1, 3, agent, json.dumps(gap), (agent, last_bin))
            self.losses.append([agent, min(times), max(times), len(times)])

    def say_bins(self, record):
        agents = sorted({agent for agent, _ in self.made})
        for agent in agents:
            beat = self.of_agent(record, agent, 2, "hypermeter.heartbeat/1", record["agent"]["bin"] + 2)
            beat.update({"backlog": 0, "bins": [{"epoch": record["agent"]["epoch"], "bin": at, "records": made[0], "sum": str(made[1])}
                                                for (whose, at), made in sorted(self.made.items()) if whose == agent]})
            self.send(1, 3, agent, json.dumps(beat), None)


def plan(folder, seed):
    drawn, record = Plan(int(seed)), None
    for line in sys.stdin:
        line = line.rstrip("\n")
        drawn.take(line)
        record = json.loads(line)
    drawn.say_losses(record)
    drawn.say_bins(record)
    for (partition, part), lines in drawn.lines.items():
        with open(f"{folder}/{partition}.{part}", "w") as out:
            out.write("\n".join(lines) + "\n")
    for agent in ("agent-2", "agent-3"):
        os.makedirs(f"{folder}/keys/{agent}")
        with open(os.open(f"{folder}/keys/{agent}/k-{agent}", os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            out.write(secret_of(agent).hex())
    with open(f"{folder}/signed", "w") as out:
        out.write("".join(letter + "\n" for letter in drawn.letters))
    with open(f"{folder}/plan", "w") as out:
        json.dump({"made": [[agent, at, made[0]] for (agent, at), made in drawn.made.items()],
                   "losses": drawn.losses, "signed": drawn.signed, "first": {p: len(drawn.lines[p, 1]) for p in (0, 1, 2)},
                   "where": {p: drawn.bins[p, 1] + drawn.bins[p, 2] + drawn.bins[p, 3] for p in (0, 1, 2)}}, out)


def load(folder):
    with open(f"{folder}/plan") as text:
        return json.load(text)


def dropped(numbers):
    """(partition, first, end) of what was removed before it was read."""
    stored0, low0, stored2, low2 = map(int, numbers)
    return [(0, stored0, low0), (2, stored2, low2)]


def expected_bins(truth, numbers):
    came = collections.Counter()
    for partition, where in truth["where"].items():
        gone = [(first, end) for at, first, end in dropped(numbers) if at == int(partition)]
        for offset, at in enumerate(where):
            if at is not None and not any(first <= offset < end for first, end in gone):
                came[tuple(at)] += 1
    # Gap records of an agent are spent on its oldest bins of their period that lack something.
    budget = {agent: records for agent, _, _, records in truth["losses"]}
    period = {agent: (bin_of(first), bin_of(last)) for agent, first, last, _ in truth["losses"]}
    rows = {}
    for agent, at, made in sorted(truth["made"]):
        lacks = made - came[agent, at]
        first, last = period.get(agent, (1, 0))
        accounted = min(lacks, budget.get(agent, 0)) if first <= at <= last else 0
        budget[agent] = budget.get(agent, 0) - accounted
        # Dead letters that cannot be read do not say their bin, but are signed: spent on what is left.
        signed = min(lacks - accounted, truth["signed"].get(agent, 0))
        truth["signed"][agent] = truth["signed"].get(agent, 0) - signed
        accounted += signed
        rows[agent, at] = (made, came[agent, at], accounted, lacks - accounted)
    return rows


def bin_of(text):
    import calendar
    import time
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) // BIN_NS


def compare(expected, got):
    for key in sorted(set(expected) | set(got), key=str):
        if expected.get(key) != got.get(key):
            print(f"#   {key}: {got.get(key)} instead of {expected.get(key)}")
    sys.exit(0 if expected == got and got else 1)


def state_of(row):
    return "incomplete" if row[3] else "accounted" if row[2] else "complete"


def check_bins(folder, *numbers):
    rows = expected_bins(load(folder), numbers)
    got = {(row["agent"], row["bin"]): (row["expected"], row["received"], row["accounted"], row["missing"], row["state"])
           for row in map(json.loads, sys.stdin)}
    print(f"# {len(rows)} bins, {sum(1 for row in rows.values() if row[3])} of them lack {sum(row[3] for row in rows.values())} records, "
          f"{sum(row[2] for row in rows.values())} are accounted for")
    compare({key: row + (state_of(row),) for key, row in rows.items()}, got)


def check_agents(folder, *numbers):
    sums = {}
    for (agent, _), row in expected_bins(load(folder), numbers).items():
        sums[agent] = tuple(map(sum, zip(sums.get(agent, (0, 0, 0, 0)), row)))
    got = {row["agent"]: (row["expected"], row["received"], row["accounted"], row["missing"]) for row in map(json.loads, sys.stdin)}
    compare(sums, got)


def check_gaps(folder, *numbers):
    expected = {("bus", at, first, end): end - first for at, first, end in dropped(numbers)}
    expected.update({("agent", agent, first, last): records for agent, first, last, records in load(folder)["losses"]})
    got = {}
    for row in map(json.loads, sys.stdin):
        key = ("bus", row["partition"], row["first_offset"], row["end_offset"]) if row["where"] == "bus" \
            else ("agent", row["agent"], row["from"], row["to"])
        got[key] = row["records"]
    print(f"# {got}")
    compare(expected, got)


def main():
    what, folder, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
    if what == "offset":
        print(load(folder)["first"]["0"] + 37)
    else:
        {"plan": plan, "bins": check_bins, "agents": check_agents, "gaps": check_gaps}[what](folder, *rest)


main()
