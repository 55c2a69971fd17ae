"""Check a function `solution(requests: bytes) -> bytes` against the vectors.

Usage: python3 harness.py SUITE.json SOLUTION.py [LEVEL [CAPABILITY ...]]
Runs the vectors of LEVEL (MUST by default, SHOULD or MAY) and above that need no other CAPABILITY.
"""
import json
import re
import runpy
import sys


def literal(part):
    text = part if isinstance(part, str) else part["repeat"] * part["times"]
    return text.encode("latin-1")


def parts(steps, kind):
    patterns = [step[kind] for step in steps if kind in step]
    return [part for p in patterns for part in (p if isinstance(p, list) else [p])]


def expression(part):
    if isinstance(part, str) or "repeat" in part:
        return re.escape(literal(part))
    if "same" in part:  # the digits captured by this name
        return b"(?P=%b)" % part["same"].encode()
    return b"[^\r\n]*" if part["any"] == "text" else b"(?P<%b>[0-9]+)" % part["name"].encode()


levels = [None, "MAY", "SHOULD", "MUST"]
suite, solution = json.load(open(sys.argv[1])), runpy.run_path(sys.argv[2])["solution"]
level, capabilities = (sys.argv[3:4] or ["MUST"])[0], set(sys.argv[4:])
verdicts = []
for vector in suite["vectors"]:
    if levels.index(vector["level"]) < levels.index(level) or set(vector["requires"]) - capabilities:
        continue
    sent = parts(vector["steps"], "send")
    if parts(vector["steps"], "wait") or any("same" in p for p in sent if isinstance(p, dict)):
        continue  # needs a conversation: what is sent depends on time or on replies
    try:
        replies = solution(b"".join(map(literal, sent)))
        expected = b"".join(map(expression, parts(vector["steps"], "expect")))
        verdict = "ok" if re.fullmatch(expected, replies) else "FAILED"
    except Exception as error:
        verdict = f"CRASHED with {error!r},"
    verdicts.append(verdict)
    if verdict != "ok":
        print(verdict, vector["id"], f"({suite['document']}:{vector['line']})", vector["title"])
print(f"{verdicts.count('ok')} of {len(verdicts)} vectors passed")
sys.exit(0 if set(verdicts) == {"ok"} else 1)
