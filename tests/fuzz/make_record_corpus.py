#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the corpora of records, headers and signatures, out of records that the project's own encoder wrote.

Usage: print_records | make_record_corpus.py CORPUS    one record a line on standard input; what is there is replaced
"""
import json
import os
import struct
import sys

corpus = sys.argv[1]
OFF, ACCEPT, REQUIRE = range(3)
CE_ID, SIGNATURE, CE_TYPE, OTHER = range(4)
DIGEST = '0' * 64


def write(folder, name, data):
    os.makedirs(os.path.join(corpus, folder), exist_ok=True)
    with open(os.path.join(corpus, folder, name), 'wb') as file:
        file.write(data)


def field(data):
    return struct.pack('<H', len(data)) + data


def message(policy, key, headers, value):
    out = bytes([policy]) + field(key) + bytes([len(headers)])
    for name, text in headers:
        out += bytes([name]) + field(text)
    return out + value


seen = set()
for line in sys.stdin:
    record = json.loads(line)
    kind = record['schema'].split('.')[1].split('/')[0]
    if kind in seen:  # the first of each kind has all members
        continue
    seen.add(kind)
    for many in ('samples', 'bins'):
        if many in record:
            record[many] = record[many][:3]
    write('record', kind, json.dumps(record, separators=(',', ':')).encode())
    write('record', kind + '-torn', line.encode()[:300])
small = {'schema': 'hypermeter.samples/1', 'source': 's', 'agent': {'id': 'a', 'epoch': 'e'}, 'seq': 1,
         'resource': {'id': 'r', 'kind': 'instance'}, 'time': '2026-11-21T00:00:00Z', 'samples': []}
value = json.dumps(small).encode()
write('record', 'small', value)
write('record', 'numbers', json.dumps(dict(small, seq='18446744073709551615', samples=[
    {'meter': 'cpu', 'type': 'cumulative', 'unit': 'ns', 'value': '18446744073709551615'},
    {'meter': 'balance', 'type': 'gauge', 'unit': 'count', 'value': -9223372036854775808},
    {'meter': 'load', 'type': 'gauge', 'unit': 'count', 'value': 0.1},
    {'meter': 'x.y', 'type': 'delta', 'unit': 'B', 'value': 1, 'start': '2026-11-20T23:59:00+01:00',
     'attrs': {'k': 'v\n'}}])).encode())
signature = b'v1;k;' + DIGEST.encode()
headers = [(CE_ID, b'a/e/r/1'), (SIGNATURE, signature), (CE_TYPE, b'hypermeter.samples/1'), (OTHER, b's')]
for policy, name in ((OFF, 'off'), (ACCEPT, 'accept'), (REQUIRE, 'require')):
    write('headers', name, message(policy, b'r', headers, value))
write('headers', 'unsigned', message(ACCEPT, b'r', headers[:1], value))
write('headers', 'unknown-key', message(ACCEPT, b'r', [headers[0], (SIGNATURE, b'v1;q;' + DIGEST.encode())], value))
write('headers', 'other-scheme', message(ACCEPT, b'r', [headers[0], (SIGNATURE, b'v2;ed25519;q')], value))
write('headers', 'twice', message(OFF, b'r', headers[:1] * 2, value))
write('headers', 'control', message(OFF, b'r', [(CE_ID, b'a\0b')], value))
write('headers', 'none', message(OFF, b'r', [], value))
write('signature', 'v1', signature)
write('signature', 'longest', b'v1;' + b'k' * 64 + b';' + DIGEST.encode())
write('signature', 'other-scheme', b'v2;ed25519;q')
write('signature', 'short', b'v1;k;00')
write('signature', 'upper-case', b'v1;k;' + b'A' * 64)
