# SPDX-License-Identifier: Apache-2.0
"""Random readings of an autumn and a spring in which the clocks of three of five zones change, and by brute force what they come to in each.
Shares no code with the collector.

Usage: zones.py make DIR SEED SECRET-FILE    DIR/records for `kafka produce`; DIR/truth.30m and DIR/truth.1h: what each series used in each bucket
       zones.py check TRUTH ZONE DIR         `hypermeter usage --output ndjson` by resource, device and meter, and besides
                                             DIR/hour, DIR/day, DIR/month: by that, of October to April as ZONE has them; DIR/total: by nothing
                                             DIR/ever: by month, of all there is; DIR/same: by day, of October to April as UTC has them
       zones.py lines TRUTH ZONE PERIOD      lines of one period on standard input, a statement's or usage, as ndjson

Times are nanoseconds since 1970, amounts integers; a gauge's are value times nanoseconds.
"""
import collections
import datetime
import decimal
import fractions
import json
import random
import sys
import zoneinfo

from record_kit import Agent, HOUR, SECOND, at, divide, rfc3339, sign

decimal.getcontext().prec = 60
MINUTE_NS, HOUR_NS = 60 * SECOND, HOUR * SECOND
GRAINS = {"30m": 30 * MINUTE_NS, "1h": HOUR_NS}
BEGIN = at("2025-09-27T00:00") * SECOND
SEASONS = {"autumn": (BEGIN, at("2025-11-06T12:00") * SECOND), "spring": (at("2026-02-26T00:00") * SECOND, at("2026-04-08T12:00") * SECOND)}
CHANGES = {
    "Australia/Lord_Howe": ("2025-10-04T15:30", "2026-04-04T15:00"),
    "Europe/Berlin": ("2025-10-26T01:00", "2026-03-29T01:00"),
    "America/New_York": ("2025-11-02T06:00", "2026-03-08T07:00"),
}
MOMENTS = {at(text) * SECOND: zone for zone, texts in CHANGES.items() for text in texts}
MONTHS, UTC_MONTHS = ("2025-10", "2026-05"), (at("2025-10-01T00:00") * SECOND, at("2026-05-01T00:00") * SECOND)
HELD, KNOWN_NS = 3, 3 * HOUR_NS
CPUS = 4

CPU, DISK = ("", "cpu"), ("disk:vda", "disk.device.write.bytes")
MEMORY, CAPACITY = ("", "memory"), ("disk:vda", "disk.device.capacity")
DELTA, STATE = ("nic:52:54:00:10:00:01", "network.incoming.bytes.delta"), ("", "state.time")
COUNTERS, GAUGES = (CPU, DISK), (MEMORY, CAPACITY)


# -- what there is to read


class Reading:
    """What an instance says at a moment: the values of some of its series, and of which life its counters are."""

    def __init__(self, time, interval, life, values):
        self.time, self.interval, self.life, self.values = time, interval, life, values


class Instance:
    """Reads itself at irregular moments. Its counters begin anew now and then, and not always does it say when."""

    def __init__(self, season, name, minutes, seed):
        self.name, self.interval, self.chance = f"vm-{season}-{name}", minutes * MINUTE_NS, random.Random(f"{seed}/{season}/{name}")
        self.begin, self.end = SEASONS[season]
        self.lives, self.life, self.counters, self.readings = 1, (1, self.chance.choice((self.begin, None))), dict.fromkeys(COUNTERS, 0), []

    def wait(self):
        """Until the next reading: about an interval, or up to three, or as long as nobody knows what was meanwhile."""
        least, most = self.chance.choices(((500, 1500), (1500, 3000), (3001, 40000)), (85, 11, 4))[0]
        return self.chance.randint(least * self.interval // 1000, most * self.interval // 1000)

    def count(self, since, now):
        """Up to what a host can do, nothing at all, or so little that it cannot be divided."""
        for series, most in ((CPU, CPUS * (now - since)), (DISK, 10 ** 15)):
            self.counters[series] += self.chance.choice((self.chance.randint(0, most), self.chance.randint(0, most), self.chance.randint(0, 3)))

    def values(self, now):
        values = {series: value for series, value in self.counters.items() if self.chance.random() < 0.95}
        if self.chance.random() < 0.9:
            values[MEMORY] = self.chance.choice((0, 1, 4194304, 8388607))
        if self.chance.random() < 0.5:
            values[CAPACITY] = self.chance.randint(10 ** 9, 2 ** 53 + 10 ** 9)
        if self.chance.random() < 0.8:
            start = self.chance.choice((None, self.readings[-1].time if self.readings else None, now - self.chance.randint(1, 5 * self.interval)))
            values[DELTA] = (self.chance.choice((0, 1, 2, self.chance.randint(0, 10 ** 12))), start)
        return values

    def read(self, now):
        before = self.readings[-1].time if self.readings else self.begin
        if self.chance.random() < 0.02:
            start = self.chance.randint(before, now - 1)
            self.lives += 1
            self.life, self.counters = (self.lives, self.chance.choice((start, start, None))), dict.fromkeys(COUNTERS, 0)
            before = start
        self.count(before, now)
        self.readings.append(Reading(now, self.interval, self.life, self.values(now)))

    def live(self, known=(), silent=()):
        """known: moments at which it is read whatever else; silent: spans in which it is not."""
        times, now = set(known), self.begin + self.wait()
        while now < self.end:
            times.add(now - now % GRAINS["30m"] if self.chance.random() < 0.05 else now)
            now += self.wait()
        for time in sorted(times):
            if self.begin < time < self.end and not any(begin < time < end for begin, end in silent):
                self.read(time)

    def records(self, agent):
        for reading in self.readings:
            number, start = reading.life
            said = {"id": self.name, "project": "blue", "user": "ann", "flavor": "m1.small", "state": "running", "epoch": f"boot:{number}:0",
                    "start": None if start is None else fractions.Fraction(start, SECOND)}
            samples = []
            for (device, meter), value in reading.values.items():
                value, start = value if isinstance(value, tuple) else (value, None)
                samples.append((meter, device, value, {} if start is None else {"start": rfc3339(fractions.Fraction(start, SECOND))}))
            yield agent.record(said, fractions.Fraction(reading.time, SECOND), samples, interval_ns=reading.interval)


def instances(seed):
    """In each season one that is silent while the clocks change, and one that is read at the very moments."""
    for season in SEASONS:
        silent, sharp = Instance(season, "silent", 75, seed), Instance(season, "sharp", 40, seed)
        silent.live(silent=[(time - 3 * HOUR_NS, time + 5 * HOUR_NS) for time in MOMENTS])
        sharp.live(known=[time + hours * HOUR_NS for time in MOMENTS for hours in (-24, -1, 0, 1, 24)])
        yield from (silent, sharp)


# -- what it comes to


class Buckets:
    """Of one series: bucket → [quantity, covered]."""

    def __init__(self, grain):
        self.grain, self.of = grain, collections.defaultdict(lambda: [0, 0])

    def cut(self, begin, end):
        while begin < end:
            bucket = begin - begin % self.grain
            until = min(bucket + self.grain, end)
            yield bucket, until - begin
            begin = until

    def add(self, bucket, quantity, covered):
        self.of[bucket][0] += quantity
        self.of[bucket][1] += covered

    def count(self, begin, end, amount):
        parts = list(self.cut(begin, end))
        for (bucket, length), quantity in zip(parts, divide(amount, [length for _, length in parts])):
            self.add(bucket, quantity, length)

    def hold(self, begin, end, value):
        for bucket, length in self.cut(begin, end):
            self.add(bucket, value * length, length)


def fold_counter(readings, series, buckets):
    last, before = {}, None
    for reading in readings:
        if series not in reading.values:
            continue
        now, value, (_, start) = reading.time, reading.values[series], reading.life
        if reading.life in last:
            time, earlier = last[reading.life]
            buckets.count(time, now, value - earlier)
        elif start is not None:
            buckets.count(start, now, value)
        elif before is not None:
            buckets.count(before, now, value)
        last[reading.life], before = (now, value), now


def fold_delta(readings, buckets):
    for reading in readings:
        if DELTA in reading.values:
            amount, start = reading.values[DELTA]
            buckets.count(reading.time - reading.interval if start is None else start, reading.time, amount)


def fold_steps(steps, until, buckets):
    """steps: (time, value, how long it holds at most)"""
    for (time, value, length), end in zip(steps, [step[0] for step in steps[1:]] + [until]):
        buckets.hold(time, min(time + length, end), value)


def fold(readings, grain):
    until = readings[-1].time
    of = {series: Buckets(grain) for series in (*COUNTERS, *GAUGES, DELTA, STATE)}
    for series in COUNTERS:
        fold_counter(readings, series, of[series])
    for series in GAUGES:
        fold_steps([(one.time, one.values[series], HELD * one.interval) for one in readings if series in one.values], until, of[series])
    fold_steps([(one.time, 1, max(HELD * one.interval, KNOWN_NS)) for one in readings], until, of[STATE])
    fold_delta(readings, of[DELTA])
    return of


# -- calendars


class Calendar:
    """When the local hour, day and month that hold a moment began, by walking on a quarter of an hour at a time."""

    QUARTER = 900

    def __init__(self, zone):
        self.zone, self.names = zoneinfo.ZoneInfo(zone), {}
        before, starts = (None, None, None), [None, None, None]
        for time in range(BEGIN // SECOND - 40 * 24 * HOUR, SEASONS["spring"][1] // SECOND + 24 * HOUR, self.QUARTER):
            local = datetime.datetime.fromtimestamp(time, self.zone)
            day = local.date()
            shown = ((day, local.hour, local.utcoffset()), day, (day.year, day.month))
            starts = [self.text(local) if new != old else start for new, old, start in zip(shown, before, starts)]
            before, self.names[time * SECOND] = shown, dict(zip(("hour", "day", "month"), starts))

    def text(self, local):
        offset = "Z" if str(self.zone) == "UTC" else f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:]
        return f"{local:%Y-%m-%dT%H:%M:%S}.000000000{offset}"

    def name(self, bucket, step):
        return self.names[bucket].get(step, "")

    def lasts(self, moment):
        """Hours of the local day that holds it."""
        day = self.name(moment, "day")
        return sum(names["day"] == day for names in self.names.values()) * self.QUARTER / HOUR


def add_up(truth, wanted, name):
    sums = collections.defaultdict(lambda: [0, 0])
    for series, buckets in truth.items():
        for bucket, parts in buckets.items():
            if wanted(int(bucket)):
                one = sums[series, name(int(bucket))]
                one[0] += parts[0]
                one[1] += parts[1]
    return without_empty(sums)


def without_empty(sums):
    return {key: parts for key, parts in sums.items() if any(parts)}


# -- what hypermeter says


def integer(text, factor):
    value = decimal.Decimal(text) * factor
    assert value == int(value), text
    return int(value)


def read(lines, column):
    """Where no column is asked for, rows of a series are added up; otherwise there is one of each."""
    sums, n = collections.defaultdict(lambda: [0, 0]), 0
    for n, row in enumerate(map(json.loads, lines), 1):
        one = sums["|".join((row["resource"], row["device"] or "", row["meter"])), row[column] if column else ""]
        one[0] += integer(row["quantity"], SECOND if row["unit"].endswith(".s") else 1)
        one[1] += integer(row["covered_seconds"], SECOND)
    assert column is None or n == len(sums), f"{n} rows, {len(sums)} of them different"
    return without_empty(sums)


def without_names(sums):
    added = collections.defaultdict(lambda: [0, 0])
    for (series, _), parts in sums.items():
        added[series, ""] = [a + b for a, b in zip(added[series, ""], parts)]
    return added


def compare(what, truth, got):
    wrong = [key for key in sorted({*truth, *got}) if truth.get(key) != got.get(key)]
    print(f"# {what}: {len(got)} figures, {len(wrong)} wrong")
    for key in wrong[:5]:
        print(f"#   {' '.join(key)}: {got.get(key)} instead of {truth.get(key)}")
    return bool(truth) and not wrong


# -- commands


def make(folder, seed, secret):
    for time, zone in MOMENTS.items():
        before, after = (datetime.datetime.fromtimestamp((time - back) // SECOND, zoneinfo.ZoneInfo(zone)) for back in (SECOND, 0))
        assert before.utcoffset() != after.utcoffset()
        print(f"# {zone}: {before:%F %T%z}, then {after:%F %T%z}, a day of {Calendar(zone).lasts(time)} hours")
    agent, records, late = Agent("node-1", BEGIN // SECOND), [], []
    truth = {grain: {} for grain in GRAINS}
    for instance in instances(seed):
        for reading, record in zip(instance.readings, instance.records(agent)):
            is_late = instance.chance.random() < 0.002 or instance.name.endswith("sharp") and any(0 < reading.time - time < HOUR_NS for time in MOMENTS)
            (late if is_late else records).append(record)
        for grain, length in GRAINS.items():
            for (device, meter), buckets in fold(instance.readings, length).items():
                truth[grain]["|".join((instance.name, device, meter))] = buckets.of
    with open(f"{folder}/records", "w") as out:
        for record in sorted(records) + late:
            key, ce_id, signature, value = sign(record, "key-1", bytes.fromhex(secret))
            out.write(f"ce_id:{ce_id},hm-signature:{signature}\t{key}\t{value}\n")
    for grain, of in truth.items():
        with open(f"{folder}/truth.{grain}", "w") as out:
            json.dump(of, out)
    print(f"# {len(records) + len(late)} records, {len(late)} of them late")


def check(truth, zone, folder):
    calendar, got = Calendar(zone), {}

    def asked(bucket):
        return MONTHS[0] <= calendar.name(bucket, "month") < MONTHS[1]

    def is_right(file, column, wanted, name):
        with open(f"{folder}/{file}") as rows:
            got[file] = read(rows, column)
        return compare(f"{zone}, {file}", add_up(truth, wanted, name), got[file])

    right = [is_right(step, step, asked, lambda bucket, step=step: calendar.name(bucket, step)) for step in ("hour", "day", "month")]
    right.append(is_right("total", None, asked, lambda bucket: ""))
    right.append(is_right("ever", "month", lambda bucket: True, lambda bucket: calendar.name(bucket, "month")))
    right.append(is_right("same", None, lambda bucket: UTC_MONTHS[0] <= bucket < UTC_MONTHS[1], lambda bucket: ""))
    right += [compare(f"{zone}, {step}s added up", got["total"], without_names(got[step])) for step in ("hour", "day", "month")]
    return all(right)


def check_lines(truth, zone, period):
    calendar = Calendar(zone)
    step = "day" if len(period) == len("2025-10-01") else "month"
    return compare(f"{period} of {zone}", add_up(truth, lambda bucket: calendar.name(bucket, step).startswith(period), lambda bucket: ""),
                   read(sys.stdin, None))


def main():
    command, *given = sys.argv[1:]
    if command == "make":
        with open(given[2]) as secret:
            make(given[0], given[1], secret.read().strip())
        return
    with open(given[0]) as file:
        truth = json.load(file)
    sys.exit(0 if {"check": check, "lines": check_lines}[command](truth, *given[1:]) else 1)


main()
