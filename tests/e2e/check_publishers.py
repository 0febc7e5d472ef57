# SPDX-License-Identifier: Apache-2.0
"""Compares what Kafka has with what the file publisher wrote, and verifies each signature over the bytes from Kafka. Prints the largest delay
between a record's time and its arrival.

Usage: check_publishers.py KEYS KEY-FOLDER FILE... < lines

Lines are kcat's: milliseconds of arrival TAB headers TAB key TAB value. KEYS: how many signed. A key's id is its file's name.
"""
import calendar
import hashlib
import hmac
import json
import pathlib
import struct
import sys
import time


def signature_of(folder, key_id, parts):
    mac = hmac.new(bytes.fromhex((folder / key_id).read_text().strip()), digestmod=hashlib.sha256)
    for part in parts:
        mac.update(struct.pack(">I", len(part)) + part)
    return f"v1;{key_id};{mac.hexdigest()}"


def milliseconds(text):
    """Of a record's time, as 2026-11-21T01:27:00.123456789Z."""
    second, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(second, "%Y-%m-%dT%H:%M:%S")) * 1000 + int(fraction[:3].ljust(3, "0"))


def main():
    folder = pathlib.Path(sys.argv[2])
    in_kafka, keys, delays = [], {}, []
    for line in sys.stdin.buffer:
        arrived, headers, key, value = line.rstrip(b"\n").split(b"\t", 3)
        headers = dict(part.split("=", 1) for part in headers.decode().split(","))
        key_id = headers["hm-signature"].split(";")[1]
        assert headers["hm-signature"] == signature_of(folder, key_id, (key, headers["ce_id"].encode(), value)), headers
        assert not keys or key_id == list(keys)[-1] or key_id not in keys, "a key came back"
        keys[key_id] = keys.get(key_id, 0) + 1
        in_kafka.append(headers["ce_id"])
        delays.append(int(arrived) - milliseconds(json.loads(value)["time"]))
    files = [[json.loads(line) for line in open(name, encoding="utf-8")] for name in sys.argv[3:]]
    files = sorted(filter(None, files), key=lambda lines: lines[0]["hmsent"])
    in_files = [line["id"] for lines in files for line in lines]
    print(f"# Kafka: {len(in_kafka)} records, {len(files)} files: {len(in_files)}; "
          + ", ".join(f"{count} signed with {key_id}" for key_id, count in keys.items()))
    print(f"# the largest delay between a record's time and its arrival in Kafka: {max(delays)} ms")
    assert in_kafka == in_files, "not the same records in the same order"
    assert len(set(in_kafka)) == len(in_kafka), "a record twice"
    assert len(keys) == int(sys.argv[1]), keys


main()
