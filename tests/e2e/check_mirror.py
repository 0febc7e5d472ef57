# SPDX-License-Identifier: Apache-2.0
"""Each dead letter of the store must be on the mirror topic, with its bytes, its headers and its reason.

Usage: check_mirror.py LETTERS MESSAGES
LETTERS: `hypermeter dead-letters --settled --output ndjson`; MESSAGES: the topic as `kcat -J` prints it.
"""
import base64
import json
import sys


def main():
    letters = {}
    for line in open(sys.argv[1]):
        row = json.loads(line)
        letters[str(row["id"])] = row
    missing, wrong, messages = set(letters), 0, 0
    for line in open(sys.argv[2]):
        message = json.loads(line)
        headers = dict(zip(message["headers"][::2], message["headers"][1::2]))
        row = letters[headers["hm-letter"]]
        told = [message["key"], message["payload"], headers.get("ce_id"), headers.get("hm-signature"), headers["hm-reason"],
                headers["hm-topic"], headers["hm-partition"], headers["hm-offset"]]
        kept = [row["key"], base64.b64decode(row["value_base64"]).decode(), row["ce_id"], row["signature"], row["reason"],
                row["topic"], str(row["partition"]), str(row["offset"])]
        messages += 1
        wrong += told != kept
        missing.discard(headers["hm-letter"])
    print(f"# {len(letters)} letters, {messages} messages, {wrong} of them wrong, {len(missing)} letters missing")
    sys.exit(1 if wrong or missing or not letters else 0)


main()
