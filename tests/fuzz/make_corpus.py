#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the fuzz target's corpus out of an outbox that the project's own code wrote (tests/seed_outbox).

Usage: make_corpus.py OUTBOX CORPUS    whole files, single payloads, a journal's slot and its text; what is there is replaced
"""
import os
import struct
import sys

outbox, corpus = sys.argv[1:]
os.makedirs(corpus, exist_ok=True)


def write(name, data):
    with open(os.path.join(corpus, name), 'wb') as file:
        file.write(data)


def read(name):
    with open(os.path.join(outbox, name), 'rb') as file:
        return file.read()


for name in ('billing-0000000000000001.segment', 'diagnostic-0000000000000001.segment'):
    lane, data = name.split('-')[0], read(name)
    length = struct.unpack_from('<I', data, 36)[0]
    second = 32 + 12 + length
    write(lane, data)
    write(lane + '-one-frame', data[:second])
    write(lane + '-torn', data[:-5])
    write(lane + '-damaged', data[:50] + b'\xf7HM\xfa' + data[54:])
    write(lane + '-header-damaged', b'\0' * 32 + data[32:])
    write(lane + '-payload', data[44:second])
journal = read('journal')
length = struct.unpack_from('<I', journal, 12)[0]
write('journal-slot', journal[:32 + length])
write('journal-text', journal[32:32 + length])
