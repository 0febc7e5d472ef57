#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks records against docs/schemas with a validator that is not ours.

usage: schemas.py FOLDER < records (one JSON document a line)

Each line is held against the schema that its own "schema" member names. Exit 0: all are valid and every schema
was used at least once; 1: something is not; 2: nothing could be checked.
"""
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("schemas.py: needs python3-jsonschema; without it nothing is checked", file=sys.stderr)
    sys.exit(2)


def load(folder):
    validators = {}
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        if schema["title"].startswith("hypermeter."):  # a record's, not that of what records come in
            validators[schema["title"]] = jsonschema.Draft202012Validator(schema)
    return validators


def refuse_doubled_keys(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key twice in one object")
    return members


def problems_of(line, validators, used):
    try:
        record = json.loads(line, object_pairs_hook=refuse_doubled_keys)
    except ValueError as problem:
        return [str(problem)]
    name = record.get("schema") if isinstance(record, dict) else None
    if name not in validators:
        return [f"no schema for {name!r}"]
    used.add(name)
    return [f"{error.json_path}: {error.message[:300]}" for error in validators[name].iter_errors(record)]


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    validators = load(sys.argv[1])
    used = set()
    checked = failed = 0
    for number, line in enumerate(sys.stdin.buffer, 1):
        checked += 1
        problems = problems_of(line.decode("utf-8"), validators, used)
        failed += bool(problems)
        for problem in problems:
            print(f"line {number}: {problem}", file=sys.stderr)
    unused = sorted(set(validators) - used)
    print(f"{checked} records, {failed} not valid; schemas not used: {', '.join(unused) or 'none'}")
    if checked == 0 or not validators:
        return 2
    return 1 if failed or unused else 0


if __name__ == "__main__":
    sys.exit(main())
