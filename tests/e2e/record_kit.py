# SPDX-License-Identifier: Apache-2.0
"""Records by hand, for the end-to-end tests that need a history of their own. Shares no code with agent or collector.

An Agent makes records of instances as an agent would: numbered per resource, each with its time, its state and its samples. A line of a file is
key, tab, value, as `kcat -P -K '\\t' -l` takes it; a signed line is key, ce_id, signature, value.
"""
import datetime
import hashlib
import hmac
import json
import struct

HOUR = 3600
SECOND = 10 ** 9

SHIPPED = {"instance": ("gauge", "instance"), "cpu": ("cumulative", "ns"), "memory": ("gauge", "KiB"), "disk.device.write.bytes": ("cumulative", "B"),
           "disk.device.capacity": ("gauge", "B"), "network.incoming.bytes.delta": ("delta", "B")}


def at(text):
    """Seconds since 1970 of a time in UTC such as 2025-10-01T12:30."""
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc).timestamp())


def rfc3339(seconds):
    """An integer, or a Fraction of nanoseconds at most."""
    nanoseconds = int(seconds * SECOND)
    whole = datetime.datetime.fromtimestamp(nanoseconds // SECOND, datetime.timezone.utc)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{nanoseconds % SECOND:09}Z"


class Agent:
    def __init__(self, name, since, epoch="e1"):
        self.name, self.since, self.epoch, self.numbers = name, since, epoch, {}

    def record(self, resource, time, samples=(), event=None, **more):
        """(time, key, ce_id, value). resource: id, project, user, flavor, state, epoch, start; samples: (meter, device, value[, other members])."""
        number = self.numbers[resource["id"]] = self.numbers.get(resource["id"], 0) + 1
        said = {name: resource[name] for name in ("id", "project", "user", "flavor", "state", "epoch") if resource[name] is not None}
        said["kind"] = "instance"
        if resource.get("start") is not None:
            said["epoch_start"] = rfc3339(resource["start"])
        record = {
            "schema": "hypermeter.lifecycle/1" if event else "hypermeter.samples/1", "source": "site",
            "agent": {"id": self.name, "epoch": self.epoch, "cpus": 4, "metering_since": rfc3339(self.since)},
            "seq": number, "resource": said, "time": rfc3339(time), "read_ns": 1000000, "interval_ns": HOUR * SECOND, **more,
        }
        if event:
            record["event"], record["observed"] = event, "event"
        if samples or not event:
            record["samples"] = [sample(*one) for one in samples]
        value = json.dumps(record, separators=(",", ":"))
        return time, resource["id"], f"{self.name}/{self.epoch}/{resource['id']}/{number}", value


def sample(meter, device, value, more=None):
    kind, unit = SHIPPED[meter]
    one = {"meter": meter, "type": kind, "unit": unit, "value": value if value < 2 ** 53 else str(value)}
    if device:
        one["device"] = device
    return {**one, **(more or {})}


def sign(record, key_id, secret):
    """key, ce_id, hm-signature, value"""
    _, key, ce_id, value = record
    signed = b"".join(struct.pack(">I", len(part)) + part for part in (text.encode() for text in (key, ce_id, value)))
    return key, ce_id, f"v1;{key_id};{hmac.new(secret, signed, hashlib.sha256).hexdigest()}", value


def write(path, records):
    with open(path, "w") as out:
        out.writelines(f"{key}\t{value}\n" for _, key, _, value in records)


def write_signed(path, records, key_id, secret):
    with open(path, "w") as out:
        out.writelines("\t".join(sign(record, key_id, secret)) + "\n" for record in records)


def divide(amount, shares):
    """An integer by shares of time: largest remainder first, the earlier one where they are equal."""
    whole = sum(shares)
    parts = [amount * share // whole for share in shares]
    order = sorted(range(len(shares)), key=lambda i: (-(amount * shares[i] % whole), i))
    for i in order[:amount - sum(parts)]:
        parts[i] += 1
    return parts
