#!/usr/bin/env python3
"""`memwire run` beside a solution in Python: whole processes, from start to end.

Prints a table; writes docs/performance/run.md, too, when the environment has MEMWIRE_BLESS.
Needs `cargo build --release`.
"""

import hashlib
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
MEMWIRE = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target")) / "release/memwire"
SIZES = {"nothing": (0, 31), "200 KB": (200_000, 31), "200 MB": (200_000_000, 3)}


def stream(size):
    """Sets and gets of 1000 keys; a get has up to 20 keys, a value up to 500 bytes."""
    draw = random.Random(1)
    keys = [b"key_%016d" % number for number in range(1000)]
    parts, length = [], 0
    while length < size:
        if draw.random() < 0.5:
            value = bytes(draw.choices(b"a\n ", k=1)) * draw.randrange(500)
            part = b"set %s %d\n%s\n" % (draw.choice(keys), len(value), value)
        else:
            part = b"get " + b" ".join(draw.choices(keys, k=draw.randrange(1, 20))) + b"\n"
        parts.append(part)
        length += len(part)
    return b"".join(parts)


def timed(command, path):
    """Seconds; what is answered is thrown away."""
    with open(path, "rb") as given:
        start = time.perf_counter()
        subprocess.run(command, stdin=given, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - start


def digest(command, path):
    with open(path, "rb") as given:
        with subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE) as process:
            return hashlib.file_digest(process.stdout, "sha256").hexdigest()


def main():
    commands = [[sys.executable, HERE / "solution.py"], [MEMWIRE, "run"]]
    rows = ["| stream | Python | memwire run | times as fast | without start-up |", "|---|---|---|---|---|"]
    start = None
    for name, (size, rounds) in SIZES.items():
        with tempfile.NamedTemporaryFile() as file:
            file.write(stream(size))
            file.flush()
            assert len({digest(command, file.name) for command in commands}) == 1, "answers differ"
            times = [[timed(command, file.name) for command in commands] for _ in range(rounds)]
        python, memwire = (statistics.median(column) for column in zip(*times))
        start = start or (python, memwire)
        work = (python - start[0]) / (memwire - start[1]) if size else None
        cells = [f"{python * 1000:.1f} ms", f"{memwire * 1000:.1f} ms", f"{python / memwire:.1f}"]
        rows.append(f"| {name} | {' | '.join(cells)} | {f'{work:.1f}' if work else ''} |")
    said = f"Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}; medians."
    text = "\n".join(rows) + f"\n\nFrom a file to nowhere; the answers are the same. {said}\n"
    print(text, end="")
    if "MEMWIRE_BLESS" in os.environ:
        (HERE.parent / "docs/performance/run.md").write_text(text)


if __name__ == "__main__":
    main()
