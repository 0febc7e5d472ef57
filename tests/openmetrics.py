#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks a text on stdin against OpenMetrics 1.0, as far as counters and gauges go; prints "name{labels} value" per sample."""
import re
import sys

LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:%s)(?:,(?:%s))*\})? (-?[0-9]+(?:\.[0-9]+)?)$' % (LABEL, LABEL))
META = re.compile(r'^# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$')


def check(text):
    families, seen, name, kind = set(), set(), None, None
    if not text.endswith('\n# EOF\n') and text != '# EOF\n':
        raise ValueError('does not end with # EOF')
    for number, line in enumerate(text.split('\n')[:-2], 1):
        meta, sample = META.match(line), SAMPLE.match(line)
        if meta and meta[1] == 'TYPE':
            name, kind = meta[2], meta[3]
            if name in families or kind not in ('counter', 'gauge') or name.endswith('_total'):
                raise ValueError('line %d: %s' % (number, line))
            families.add(name)
        elif meta:
            if meta[2] != name or (meta[1] == 'UNIT' and not name.endswith('_' + meta[3])):
                raise ValueError('line %d: %s' % (number, line))
        elif sample:
            key = line.rsplit(' ', 1)[0]
            labels = [found[0] for found in re.findall(LABEL, sample[2] or '')]
            if sample[1] != name + ('_total' if kind == 'counter' else '') or key in seen or len(labels) != len(set(labels)):
                raise ValueError('line %d: %s' % (number, line))
            if kind == 'counter' and line.rsplit(' ', 1)[1].startswith('-'):
                raise ValueError('line %d: %s' % (number, line))
            seen.add(key)
            print(line)
        else:
            raise ValueError('line %d: %s' % (number, line))


try:
    check(sys.stdin.buffer.read().decode('utf-8'))
except ValueError as error:
    sys.exit('not OpenMetrics: %s' % error)
