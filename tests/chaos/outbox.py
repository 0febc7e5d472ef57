#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads an agent's outbox by docs/outbox.md alone, sharing no code with the agent.

Usage: outbox.py FOLDER PUBLISHER
Prints id and SHA-256 of the value of each record that is whole, one a line; on standard error how many there are, and how many of them
the journal does not say PUBLISHER to have confirmed."""
import hashlib
import json
import os
import re
import struct
import sys
import zlib

MAGIC, MARK, JOURNAL = b"\x89HMSEG\r\n", b"\xf7HM\xfa", b"\x89HMJRN\r\n"
LANES = ("billing", "diagnostic")
HEADER, FRAME, FIXED, SLOT = 32, 12, 64, 32
NAME = re.compile(r"(billing|diagnostic)-([0-9a-f]{16})\.segment")


def frames(data):
    """(number, id, value) of each whole frame; what is none is passed over up to the next one."""
    at = HEADER
    while (at := data.find(MARK, at)) >= 0 and at + FRAME <= len(data):
        length, crc = struct.unpack_from("<II", data, at + 4)
        payload = data[at + FRAME:at + FRAME + length]
        if length < FIXED or len(payload) < length or zlib.crc32(payload) != crc:
            at += 1
            continue
        number, lengths = struct.unpack_from("<Q", payload)[0], struct.unpack_from("<5I", payload, 44)
        begin = FIXED + lengths[0]
        yield number, payload[begin:begin + lengths[1]].decode(), payload[FIXED + sum(lengths[:4]):]
        at += FRAME + length


def read_segments(folder):
    """(lane, number) -> (id, value); of a number that is there twice the later segment's."""
    records = {}
    for name in sorted(os.listdir(folder) if os.path.isdir(folder) else []):
        if not (match := NAME.fullmatch(name)):
            continue
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
        if data[:8] == MAGIC and zlib.crc32(data[:28]) == struct.unpack_from("<I", data, 28)[0]:
            for number, name, value in frames(data):
                records[match[1], number] = name, value
    return records


def read_journal(folder):
    """The newer one of the two halves of the file that are good; {} where there is none."""
    slots = []
    with open(os.path.join(folder, "journal"), "rb") as file:
        data = file.read()
    for slot in (data[:len(data) // 2], data[len(data) // 2:]):
        length, generation, _, crc = struct.unpack_from("<IQII", slot, 12)
        text = slot[SLOT:SLOT + length]
        if slot[:8] == JOURNAL and zlib.crc32(slot[:28] + text) == crc:
            slots.append((generation, json.loads(text)))
    return max(slots, key=lambda slot: slot[0])[1] if slots else {}


def read_marks(folder, publisher):
    """In each lane the first number that is not confirmed."""
    journal = read_journal(folder) if os.path.exists(os.path.join(folder, "journal")) else {}
    for mark in journal.get("publishers", []):
        if mark["name"] == publisher:
            return {lane: int(mark[lane]) for lane in LANES}
    return dict.fromkeys(LANES, 0)


def main():
    folder, publisher = sys.argv[1:]
    records, marks = read_segments(folder), read_marks(folder, publisher)
    for name, value in records.values():
        print(name, hashlib.sha256(value).hexdigest())
    print(len(records), sum(number >= marks[lane] for lane, number in records), file=sys.stderr)


main()
