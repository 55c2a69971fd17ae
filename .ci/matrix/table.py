"""Replaces the table of results in a document.

Usage: table.py DOCUMENT RESULT...
"""

import json
import sys
import time

BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"

document, *files = sys.argv[1:]
lines = ["| | MUST | SHOULD | only when split |\n", "|---|---|---|---|\n"]
for file in files:
    with open(file) as opened:
        result = json.load(opened)
    cells = [result["subject"]["name"]]
    for level in ["MUST", "SHOULD"]:
        some = [vector for vector in result["vectors"] if vector["level"] == level]
        passed = sum(vector["verdict"] == "pass" for vector in some)
        cells.append(f"{passed} of {len(some)}")
    failures = [vector.get("failure") or {} for vector in result["vectors"]]
    cells.append(str(sum(bool(failure.get("only_when_split")) for failure in failures)))
    lines.append(f"| {' | '.join(cells)} |\n")
lines.append(f"\nRun on {time.strftime('%Y-%m-%d')}.\n")
with open(document) as opened:
    text = opened.read()
before, rest = text.split(BEGIN)
after = rest.split(END)[1]
with open(document, "w") as opened:
    opened.write(before + BEGIN + "\n" + "".join(lines) + "\n" + END + after)
