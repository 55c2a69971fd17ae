"""Check a function `solution(requests: bytes) -> bytes` against the vectors.

Usage: python3 harness.py SUITE.json SOLUTION.py [LEVEL [CAPABILITY ...]]
Runs the vectors of LEVEL (MUST, SHOULD or MAY; MUST if none is given) and of more binding ones
whose capabilities are all named.
"""
import json
import runpy
import sys


def literal(part):
    text = part if isinstance(part, str) else part["repeat"] * part["times"]
    return text.encode("latin-1")


def parts(steps, kind):
    patterns = [step[kind] for step in steps if kind in step]
    return [part for p in patterns for part in ([p] if isinstance(p, str) else p)]


def matches(pattern, data):
    for part in pattern:
        if not isinstance(part, str) and "any" in part:  # whatever stands before the next LF
            data = data[len(data.split(b"\n", 1)[0]):]
        elif data.startswith(literal(part)):
            data = data[len(literal(part)):]
        else:
            return False
    return not data


levels = [None, "MAY", "SHOULD", "MUST"]
suite, solution = json.load(open(sys.argv[1])), runpy.run_path(sys.argv[2])["solution"]
level, capabilities = (sys.argv[3:4] or ["MUST"])[0], set(sys.argv[4:])
verdicts = []
for vector in suite["vectors"]:
    if levels.index(vector["level"]) < levels.index(level) or set(vector["requires"]) - capabilities:
        continue
    try:
        replies = solution(b"".join(map(literal, parts(vector["steps"], "send"))))
        verdict = "ok" if matches(parts(vector["steps"], "expect"), replies) else "FAILED"
    except Exception as error:
        verdict = f"CRASHED with {error!r},"
    verdicts.append(verdict)
    if verdict != "ok":
        print(verdict, vector["id"], f"({suite['document']}:{vector['line']})", vector["title"])
print(f"{verdicts.count('ok')} of {len(verdicts)} vectors passed")
sys.exit(0 if set(verdicts) == {"ok"} else 1)
