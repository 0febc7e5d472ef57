#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An outbox read from docs/outbox.md alone, without a line of the project's C.

Usage: outbox_read.py FOLDER    prints the records by their order, one value a line, then the journal's text
"""
import json
import os
import re
import struct
import sys
import zlib

NAME = re.compile(r'^(billing|diagnostic)-([0-9a-f]{16})\.segment$')
MARK = b'\xf7HM\xfa'
SLOT = 524288


def fail(text):
    sys.exit('outbox_read.py: ' + text)


def frames(data, first):
    at, last = 32, first - 1
    while at < len(data):
        mark, length, crc = data[at:at + 4], *struct.unpack_from('<II', data, at + 4)
        payload = data[at + 12:at + 12 + length]
        if mark != MARK or len(payload) != length or zlib.crc32(payload) != crc:
            fail(f'no frame at {at}')
        number, order, bin_, loss, time, kind, *lengths = struct.unpack_from('<QQqQqIIIIII', payload)
        pieces, place = [], 64
        for size in lengths:
            pieces.append(payload[place:place + size].decode())
            place += size
        if number != last + 1 or place != length or not 0 <= kind <= 3 or time < 0:
            fail(f'frame {number} at {at} is not as it must be')
        yield order, (bin_, loss, time, kind, *pieces)
        at, last = at + 12 + length, number


def segment(path, name):
    with open(path, 'rb') as file:
        data = file.read()
    magic, fmt, lane, first, zero, crc = struct.unpack_from('<8sIIQII', data)
    if magic != b'\x89HMSEG\r\n' or fmt != 1 or zero != 0 or crc != zlib.crc32(data[:28]):
        fail(f'{path}: no header')
    if ('billing', 'diagnostic')[lane] != name[1] or first != int(name[2], 16):
        fail(f'{path}: of another name')
    return frames(data, first)


def journal(path):
    with open(path, 'rb') as file:
        data = file.read()
    if len(data) != 2 * SLOT:
        fail(f'{path}: {len(data)} bytes')
    good = {}
    for at in 0, SLOT:
        magic, fmt, length, generation, zero, crc = struct.unpack_from('<8sIIQII', data, at)
        text = data[at + 32:at + 32 + length]
        if magic == b'\x89HMJRN\r\n' and fmt == 1 and zero == 0 and crc == zlib.crc32(data[at:at + 28] + text):
            good[generation] = json.loads(text)
    return good[max(good)]


folder = sys.argv[1]
records = []
for entry in sorted(os.listdir(folder)):
    match = NAME.match(entry)
    if match:
        records += segment(os.path.join(folder, entry), match)
for _, record in sorted(records):
    print(record[-1])
print(json.dumps(journal(os.path.join(folder, 'journal')), sort_keys=True))
