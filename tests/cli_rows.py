#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads an answer of `hypermeter` on standard input with readers that are not ours, for cli.sh.

usage: cli_rows.py json|ndjson|csv [COLUMN...]   rows as lines of text, columns separated by |, in the order that is asked
                                                for; without columns the names of all of them come first
       cli_rows.py table                        the number of lines, once nothing in them could steer a terminal

What would break a line is escaped. An absent value is empty, a list is joined by commas, true and false are yes and no:
so the same answer has the same lines in every form.
"""
import csv
import io
import json
import re
import sys
import unicodedata


def refuse_doubled_keys(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key twice in one object")
    return members


def load(text):
    return json.loads(text, object_pairs_hook=refuse_doubled_keys)


def cell(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(cell(word) for word in value)
    if not isinstance(value, (str, int)):
        raise ValueError(f"a value of another kind: {value!r}")
    return json.dumps(str(value))[1:-1]


def rows_of(form, text):
    if form == "json":
        document = load(text)
        if list(document) != ["rows"]:
            raise ValueError("not one object with rows")
        return document["rows"]
    if form == "ndjson":
        if text and not text.endswith("\n"):
            raise ValueError("the last line has no end")
        return [load(line) for line in text.split("\n")[:-1]]
    names, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    # What a spreadsheet would work out is preceded by an apostrophe.
    lines = [[cell[1:] if re.match(r"'[=+\-@\t\r']", cell) else cell for cell in line] for line in lines]
    if any(len(line) != len(names) for line in lines):
        raise ValueError("a row of another length")
    return [dict(zip(names, line)) for line in lines] or [dict.fromkeys(names)][:0]


def check_table(text):
    for letter in text:
        if letter != "\n" and unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp"):
            raise ValueError(f"U+{ord(letter):04X} in a table")
    if any(line != line.rstrip() for line in text.split("\n")):
        raise ValueError("a blank at a line's end")
    print(text.count("\n"))


def main():
    csv.field_size_limit(sys.maxsize)
    form, *columns = sys.argv[1:]
    text = sys.stdin.buffer.read().decode("utf-8")
    if form == "table":
        check_table(text)
        return
    rows = rows_of(form, text)
    if not columns and rows:
        columns = list(rows[0])
        print("|".join(columns))
    for row in rows:
        print("|".join(cell(row[name]) for name in columns))


main()
