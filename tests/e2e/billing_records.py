# SPDX-License-Identifier: Apache-2.0
"""The history of billing.sh and what it must come to.

Usage: billing_records.py DIR SECRET-FILE

Three instances of two projects from the end of September to the first days of November 2025, a record an hour: one is resized, one changes its owner, one is
rebooted and not heard of over the month's edge. DIR/records, DIR/signed, DIR/late (a record from within that gap) and DIR/odd (more
CPU time than a host has); DIR/truth.json has sums by resource, project, flavor and meter, of October with and without the late record, and of November.
"""
import collections
import json
import sys

from record_kit import Agent, HOUR, SECOND, at, divide, write, write_signed

BEGIN, EDGE, END = at("2025-10-01T00:00"), at("2025-11-01T00:00"), at("2025-11-03T00:00")
SINCE = at("2025-09-30T12:00")
GIB = 1048576


class History:
    def __init__(self, agent, resource):
        self.agent, self.resource, self.records, self.sums = agent, resource, [], collections.Counter()

    def read(self, time, **values):
        """cpu=…, memory=…, disk=…"""
        samples = [("instance", None, 1), ("cpu", None, values["cpu"]), ("memory", None, values["memory"])]
        if "disk" in values:
            samples.append(("disk.device.write.bytes", "disk:vda", values["disk"]))
        self.records.append(self.agent.record(self.resource, time, samples))

    def tell(self, time, event, **said):
        self.resource = {**self.resource, **said}
        self.records.append(self.agent.record(self.resource, time, event=event))

    def used(self, month, meter, amount, **said):
        of = {**self.resource, **said}
        self.sums["|".join((month, of["project"], of["user"], of["id"], of["flavor"], meter))] += amount


def month_of(time):
    return "before" if time < BEGIN else "october" if time < EDGE else "november"


def resource(name, project, user, start):
    return {"id": name, "project": project, "user": user, "flavor": "m1.small", "state": "running", "epoch": f"boot:{name}:0", "start": start}


def exists(history, month, seconds, **said):
    history.used(month, "instance", seconds, **said)
    history.used(month, "state.time", seconds * SECOND, **said)


def held(history, time, until, memory, **said):
    """A gauge's value, and the state, from one reading to the next: three hours at most."""
    seconds = min(until - time, 3 * HOUR)
    for begin, end in ((time, min(time + seconds, EDGE)), (max(time, EDGE), time + seconds)):
        if end > begin:
            history.used(month_of(begin), "memory", memory * (end - begin), **said)
            exists(history, month_of(begin), end - begin, **said)


def resized(agent):
    """a: hourly; m1.large from 12:20 on, which the reading at 13:00 shows."""
    step, change = 1200000000001, at("2025-10-15T12:20")
    history = History(agent, resource("vm-a", "blue", "ann", SINCE))
    cpu = 12 * step
    history.used("before", "cpu", cpu)
    for time in range(BEGIN, END + 1, HOUR):
        memory = 8 * GIB if time > change else 4 * GIB
        history.read(time, cpu=cpu, memory=memory)
        if time == END:
            return history, cpu
        cpu += step
        parts, flavors = [step], [history.resource["flavor"]]
        if time < change < time + HOUR:
            history.tell(change, "flavor-changed", flavor="m1.large")
            shares, flavors = [change - time, time + HOUR - change], ["m1.small", "m1.large"]
            parts = divide(step, shares)
            for share, flavor in zip(shares, flavors):
                history.used("october", "memory", memory * share, flavor=flavor)
                exists(history, "october", share, flavor=flavor)
        else:
            held(history, time, time + HOUR, memory)
        for part, flavor in zip(parts, flavors):
            history.used(month_of(time), "cpu", part, flavor=flavor)
    raise AssertionError


def handed_over(agent):
    """b: hourly; red's from half past six on."""
    steps, change = {"cpu": 600000000001, "disk.device.write.bytes": 1000003}, at("2025-10-20T06:30")
    history = History(agent, resource("vm-b", "blue", "bob", SINCE))
    counters = {meter: 12 * step for meter, step in steps.items()}
    for meter, amount in counters.items():
        history.used("before", meter, amount)
    for time in range(BEGIN, END + 1, HOUR):
        history.read(time, cpu=counters["cpu"], memory=2 * GIB, disk=counters["disk.device.write.bytes"])
        if time == END:
            break
        owners = [(HOUR, {})]
        if time < change < time + HOUR:
            owners = [(HOUR // 2, {"project": "blue", "user": "bob"}), (HOUR // 2, {"project": "red", "user": "cid"})]
            history.tell(change, "owner-changed", project="red", user="cid")
        for meter, step in steps.items():
            counters[meter] += step
            for part, (_, said) in zip(divide(step, [share for share, _ in owners]), owners):
                history.used(month_of(time), meter, part, **said)
        for share, said in owners:
            history.used(month_of(time), "memory", 2 * GIB * share, **said)
            exists(history, month_of(time), share, **said)
    return history


def rebooted(agent):
    """c: from the 5th on, a new life on the 10th with a first value beyond the old life's last step, nothing from 31st noon to 1st noon.

    Of what it used in that gap, 24 times the step, half falls to October. The late record says that it was a quarter of it by six."""
    step = 1000000000000
    history = History(agent, resource("vm-c", "red", "cid", at("2025-10-05T00:00")))
    reboot, lost, back = at("2025-10-10T08:20"), at("2025-10-31T12:00"), at("2025-11-01T12:00")
    cpu, life, late = 0, 0, None
    for time in range(at("2025-10-05T01:00"), END + 1, HOUR):
        if reboot < time < reboot + HOUR:
            cpu, life = 700000000000, 700000000000
            history.resource = {**history.resource, "epoch": "boot:vm-c:1", "start": reboot}
            history.used("october", "cpu", cpu)
        elif not lost < time <= back:
            cpu += step
            history.used(month_of(time - HOUR), "cpu", step)
        elif time == back:
            cpu += 24 * step
            history.used("october", "cpu", 12 * step)
            history.used("november", "cpu", 12 * step)
        else:
            continue
        history.read(time, cpu=cpu, memory=2 * GIB)
        if time == lost:
            late = agent.record(history.resource, time + 6 * HOUR, [("instance", None, 1), ("cpu", None, cpu + 3 * step), ("memory", None, 2 * GIB)])
            held(history, time, back, 2 * GIB)
        elif time < END:
            held(history, time, time + HOUR, 2 * GIB)
    assert life and late
    # 3 steps by six o'clock and of the other 21 what six of 18 hours get until midnight, instead of 12; three hours more of memory and state.
    correction = {"cpu": 3 * step + sum(divide(21 * step, [1] * 18)[:6]) - 12 * step, "memory": 2 * GIB * 3 * HOUR, "instance": 3 * HOUR, "state.time": 3 * HOUR * SECOND}
    moved = {"cpu": -correction["cpu"]}
    return history, late, correction, moved


def main():
    folder, secret = sys.argv[1], bytes.fromhex(open(sys.argv[2]).read().strip())
    agent = Agent("node-1", SINCE)
    (a, cpu), b, (c, late, correction, moved) = resized(agent), handed_over(agent), rebooted(agent)
    odd = agent.record(a.resource, END + HOUR, [("cpu", None, cpu + 10 ** 18)])
    signed = c.records[:3]
    write_signed(f"{folder}/signed", signed, "key-1", secret)
    write(f"{folder}/records", sorted(a.records + b.records + c.records[3:]))
    write(f"{folder}/late", [late])
    write(f"{folder}/odd", [odd])
    of_a, of_c = "blue|ann|vm-a|m1.large", "red|cid|vm-c|m1.small"
    after = {"memory": 8 * GIB * HOUR, "instance": HOUR, "state.time": HOUR * SECOND}
    truth = {
        "sums": {key: amount for part in (a, b, c) for key, amount in part.sums.items()},
        "correction": {f"october|{of_c}|{meter}": amount for meter, amount in correction.items()},
        "moved": {f"november|{of_c}|{meter}": amount for meter, amount in moved.items()},
        "after": {f"november|{of_a}|{meter}": amount for meter, amount in after.items()},
        "held": {f"november|{of_a}|cpu": 10 ** 18},
    }
    with open(f"{folder}/truth.json", "w") as out:
        json.dump(truth, out, indent=1)


main()
