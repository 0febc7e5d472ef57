# SPDX-License-Identifier: Apache-2.0
"""The cases of the files beside on their way through a store and back. The shell around it is rows.sh.

Usage: rows.py make DIR METERS        DIR/messages for feed_store, DIR/keys, and DIR/meters.json: METERS and those that go round
       rows.py views                  what to ask `hypermeter usage` for: a name and --by, a line each
       rows.py decide < ANOMALIES     a line for each decision: its name and ids, of `hypermeter anomalies --output ndjson`
       rows.py explain                what to ask `hypermeter usage --explain` for: a resource and a meter, a line each
       rows.py counts                 what feed_store says when it has taken all
       rows.py check DIR STORE FIRST  answers (DIR/usage.VIEW, DIR/anomalies, DIR/explain.RESOURCE.METER; ndjson) against the cases, as TAP from number FIRST on

Of each case there are three resources. Theirs come in order; in reverse; and in order and once more when all have come. Each message keeps the append time that it
has in order, as it is in a partition of its own: of the three nothing may differ, flags about arrival neither.
"""
import collections
import json
import os
import pathlib
import sys

import counters
import gauges
import owner
import record_kit
from case import Case, DAY, WRAPPING

CASES = {**counters.CASES, **owner.CASES, **gauges.CASES}

ORDERS = ("in_order", "reversed", "doubled")
MOST = 16  # messages of a case, each in a partition of its own; a quarter of the partitions for each order, and one for what comes once more
VIEWS = {"": (), "hour": ("hour",), "state": ("state",), "agent": ("agent",), "flavor,project,user": ("project", "user", "flavor")}
SECRETS = {"a": b"a" * 32, "b": b"b" * 32}
FORGED = "forged_is_not_counted"


def forged_is_not_counted(c):
    """Not of the tables: what is fed here is verified first."""
    c.read(10, ("cpu", None, 100))
    c.read(20, ("cpu", None, 200))
    c.read(30, ("cpu", None, 900), agent="b")
    c.used("cpu", "100 ns", 600, "baseline")


CASES[FORGED] = forged_is_not_counted


def cases():
    """(name, order, case), the same at each call."""
    for name, build in CASES.items():
        for order in ORDERS:
            case = Case(f"{name}.{order}")
            build(case)
            case.messages.sort(key=lambda message: message[0])
            assert len(case.messages) <= MOST, name
            yield name, order, case


def is_forged(name, agent):
    return name == FORGED and agent == "b"


def lines(name, case):
    """(append time, line without its partition) of each message."""
    for appended, agent, record in case.messages:
        secret = b"x" * 32 if is_forged(name, agent) else SECRETS[agent]
        yield appended, "\t".join(record_kit.sign(record, f"{agent}-2100", secret))


def partitions():
    """The messages of each: (append time, line)."""
    all_of = collections.defaultdict(list)
    for name, order, case in cases():
        for i, (appended, line) in enumerate(lines(name, case)):
            all_of[MOST * ORDERS.index(order) + i].append((appended, line))
            if order == "doubled":
                all_of[3 * MOST + i].append((DAY + 30 * 86400 + i, line))
    return all_of


def turns():
    """Which partitions come together: those of the second order the last one first, what comes once more after all."""
    for i in range(MOST):
        yield i, 2 * MOST - 1 - i, 2 * MOST + i
    for i in range(MOST):
        yield 3 * MOST + i,


def make(folder, meters):
    folder = pathlib.Path(folder)
    for agent, secret in SECRETS.items():
        path = folder / "keys" / agent / f"{agent}-2100"
        path.parent.mkdir(parents=True)
        path.write_text(secret.hex())
        os.chmod(path, 0o600)
    table = json.loads(pathlib.Path(meters).read_text())
    like = next(row for row in table["meters"] if row["name"] == "cpu")
    table["meters"] += [{**like, "name": name, "unit": "count", "wrap": width, "help": "A counter that goes round"} for name, width in WRAPPING.items()]
    (folder / "meters.json").write_text(json.dumps(table))
    all_of = partitions()
    with open(folder / "messages", "w") as out:
        for turn in turns():
            for partition in turn:
                for appended, line in sorted(all_of[partition], key=lambda message: message[0]):
                    out.write(f"{partition}\t{appended * record_kit.SECOND}\t{line}\n")
            out.write("\n")


def views():
    for view, columns in VIEWS.items():
        print(view.replace(",", "_") or "total", ",".join(("resource", "device") + columns))


def decide():
    held = {}
    for line in sys.stdin:
        row = json.loads(line)
        held[row["subject"], row["noticed"]] = row["id"]
    ids = collections.defaultdict(list)
    for _, _, case in cases():
        for time, decision in case.decisions.items():
            ids[decision].append(held.get((case.resource, time), "none"))
    for decision, which in ids.items():
        print(decision, *which)


def explain():
    for _, _, case in cases():
        for meter in case.unknown:
            print(case.resource, meter)


def counts():
    taken = again = refused = 0
    for name, order, case in cases():
        for _, agent, _ in case.messages:
            if is_forged(name, agent):
                refused += 2 if order == "doubled" else 1
            else:
                taken += 1
                again += order == "doubled"
    print(f"records={taken} verified={taken} repeated={again} dead_letters={refused}")


def read_rows(path):
    with open(path) as lines_of:
        return [json.loads(line) for line in lines_of]


def answers(folder):
    """What each view says of each resource."""
    said = {}
    for view in VIEWS:
        columns = sorted(VIEWS[view])
        rows = said[view] = collections.defaultdict(list)
        for row in read_rows(f"{folder}/usage.{view.replace(',', '_') or 'total'}"):
            rows[row["resource"]].append((row["meter"], row["device"], row["quantity"], row["unit"], row["covered_seconds"], row["flags"],
                                          *(row[column] for column in columns)))
    return said


def held_out(folder):
    rows = collections.defaultdict(list)
    for row in read_rows(f"{folder}/anomalies"):
        if row["id"] is not None:
            rows[row["subject"]].append((row["noticed"], row["kind"], row["meter"], row["device"], row["value"], row["base"], row["unit"], row["decision"]))
    return rows


def uncovered(folder, resource, meter):
    """But for the first and the last, which are the time before and after all of it."""
    return [(row["from"], row["to"]) for row in read_rows(f"{folder}/explain.{resource}.{meter}") if row["part"] == "uncovered"][1:-1]


def compare(expected, got):
    for row in expected:
        if row not in got:
            yield f"not there: {row}"
    for row in got:
        if row not in expected or got.count(row) > 1:
            yield f"should not be: {row}"


def differences(case, folder, said, held):
    """Of all that is used, the meters that a case names. Without other columns: everything but how long its states were, unless it names that."""
    for view, expected in case.expected.items():
        meters = {row[0] for row in expected}
        yield from compare(expected, [row for row in said[view][case.resource] if row[0] in meters or (view == "" and row[0] != "state.time")])
    yield from compare(case.held_out, held[case.resource])
    for meter, stretches in case.unknown.items():
        yield from compare(stretches, uncovered(folder, case.resource, meter))


def check(folder, store, first):
    said, held = answers(folder), held_out(folder)
    for number, (name, order, case) in enumerate(cases(), int(first)):
        wrong = list(differences(case, folder, said, held)) + ([] if "" in case.expected else ["no total is expected"])
        print(f"{'not ok' if wrong else 'ok'} {number} - row_{name}_{order}_{store}")
        for line in wrong:
            print(f"# {line}")


if __name__ == "__main__":
    {"make": make, "views": views, "decide": decide, "explain": explain, "counts": counts, "check": check}[sys.argv[1]](*sys.argv[2:])
