# SPDX-License-Identifier: Apache-2.0
"""Judges what kcat read from the topic (key TAB headers TAB value a line): key, CloudEvents headers, JSON Schema.

Usage: check_topic.py SCHEMA-FOLDER < lines
"""
import json
import pathlib
import sys

import jsonschema


def main():
    folder = pathlib.Path(sys.argv[1])
    validators = {}
    for path in folder.glob("*.json"):
        schema = json.loads(path.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        validators["hypermeter." + path.stem.replace("-", "/")] = jsonschema.Draft202012Validator(schema)
    count = {}
    for line in sys.stdin:
        key, headers, value = line.rstrip("\n").split("\t", 2)
        headers = dict(part.split("=", 1) for part in headers.split(","))
        record = json.loads(value)
        schema = record["schema"]
        count[schema] = count.get(schema, 0) + 1
        validators[schema].validate(record)
        about_agent = schema in ("hypermeter.gap/1", "hypermeter.heartbeat/1")
        assert key == (record["agent"]["id"] if about_agent else record["resource"]["id"]), key
        assert headers["ce_specversion"] == "1.0", headers
        assert headers["ce_type"] == schema, headers
        assert headers["content-type"] == "application/json", headers
        assert headers["ce_time"] == record["time"], headers
        assert headers["ce_source"] and headers["ce_subject"] and headers["hm-sent"], headers
        parts = headers["ce_id"].split("/")
        assert parts == [record["agent"]["id"], record["agent"]["epoch"], record["resource"]["id"], str(record["seq"])], parts
    print("# " + ", ".join(f"{n} × {schema}" for schema, n in sorted(count.items())))
    assert count.get("hypermeter.samples/1", 0) >= 2 and count.get("hypermeter.lifecycle/1", 0) >= 2, count


main()
