# SPDX-License-Identifier: Apache-2.0
"""What a case is made of: the records of one resource, and what must come of them, written by hand.

Minutes are counted from the begin of the case's day. Records state an interval of ten minutes, so values hold for thirty; a bucket is an hour. A case is named after
its row; rows.py runs each several times, each time as another resource.
"""
import record_kit
from record_kit import Agent, SECOND, at

DAY = at("2100-03-01T00:00")  # not here yet, so that a policy for it can be set
POLICY_DAY = at("2100-03-10T00:00")  # unknown time is held, and an interface carries 8 Mbit/s
INTERVAL = 600 * SECOND

WRAPPING = {"test.wrap32": 32, "test.wrap64": 64}  # no shipped meter goes round
record_kit.SHIPPED.update({
    "vcpus": ("gauge", "vcpu"), "vcpu.time": ("cumulative", "ns"), "memory.swap.in": ("cumulative", "KiB"), "disk.device.capacity": ("gauge", "B"),
    "network.incoming.bytes": ("cumulative", "B"), "network.incoming.bytes.delta": ("delta", "B"), "site.load": ("gauge", "count"),
    **{name: ("cumulative", "count") for name in WRAPPING},
})

NIC, DISK = "nic:52:54:00:10:00:01", "disk:vda"


def cases_of(cases):
    """A decorator: what it is put above is one of @cases, by its name."""
    def add(build):
        cases[build.__name__] = build
        return build
    return add


class Case:
    """What arrives of one resource, and the figures that come of it."""

    def __init__(self, resource):
        self.resource, self.day, self.messages = resource, DAY, []
        self.agents, self.decisions, self.expected, self.held_out, self.unknown = {}, {}, {}, [], {}
        self.said = {"project": "blue", "user": "ann", "flavor": "small", "state": "running", "epoch": "boot:1:0", "start": None}

    def minute(self, minute):
        return round(self.day + minute * 60)

    def rfc3339(self, minute):
        return record_kit.rfc3339(self.minute(minute))

    def send(self, minute, samples, event, agent, came, said, more):
        """`agent` is "id" or "id epoch"; metered since the day began."""
        if agent not in self.agents:
            self.agents[agent] = Agent(*agent.split()[:1], self.day, *agent.split()[1:])
        said = {**self.said, **said, "id": self.resource}
        if said["start"] is not None:
            said["start"] = self.minute(said["start"])
        record = self.agents[agent].record(said, self.minute(minute), samples, event, **{"interval_ns": INTERVAL, **more})
        self.messages.append((self.minute(minute if came is None else came) + 1, agent.split()[0], record))

    def read(self, minute, *samples, agent="a", came=None, clock=None, interval=INTERVAL, **said):
        """A reading; `came`: when the bus appended it, if not at once."""
        more = {"interval_ns": interval, **({"clock": clock} if clock else {})}
        self.send(minute, samples, None, agent, came, said, more)

    def tell(self, minute, event, *samples, agent="a", came=None, **said):
        """An event; what it says is so from then on."""
        if agent == "a":
            self.said.update(said)
        self.send(minute, samples, event, agent, came, said, {})

    def decide(self, minute, decision):
        """What somebody decides about the reading of that minute, which is held out."""
        self.decisions[self.rfc3339(minute)] = decision

    def used(self, meter, quantity, covered, flags="", device=None, **columns):
        """A row of `hypermeter usage`: "100 ns" (no number: "- ns") in so many seconds; by the columns that are given, and the resource's, device's and meter's."""
        number, unit = quantity.split()
        if "hour" in columns:
            columns["hour"] = self.rfc3339(60 * columns["hour"])
        view = ",".join(sorted(columns))
        row = (meter, device, None if number == "-" else number, unit, str(covered), sorted(flags.split()), *(columns[name] for name in sorted(columns)))
        self.expected.setdefault(view, []).append(row)

    def held(self, minute, kind, value, base, meter="cpu", unit="ns", device=None):
        """A reading that is held out, and what it was compared with."""
        time = self.rfc3339(minute)
        self.held_out.append((time, kind, meter, device, str(value), str(base), unit, self.decisions.get(time)))

    def uncovered(self, meter, *stretches):
        """What lies between those that are counted."""
        self.unknown[meter] = [tuple(self.rfc3339(minute) for minute in stretch) for stretch in stretches]


def cpu(value):
    return "cpu", None, value


def memory(value):
    return "memory", None, value


def received(value):
    return "network.incoming.bytes", NIC, value
