#!/usr/bin/env python3
"""Compares `memwire run` with examples/servers/solution.py: run time of whole processes.

Needs `cargo build --release`.
"""

import hashlib
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time

from tables import RELEASE, ROOT, publish

SIZES = {"nothing": (0, 31), "200 KB": (200_000, 31), "200 MB": (200_000_000, 5)}


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
    """The run time in seconds. The output is discarded."""
    with open(path, "rb") as given:
        start = time.perf_counter()
        subprocess.run(command, stdin=given, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - start


def digest(command, path):
    with open(path, "rb") as given:
        with subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE) as process:
            return hashlib.file_digest(process.stdout, "sha256").hexdigest()


def main():
    commands = [[sys.executable, ROOT / "examples/servers/solution.py"], [RELEASE / "memwire", "run"]]
    rows = ["| stream | Python | memwire run | speedup |", "|---|---|---|---|"]
    for name, (size, rounds) in SIZES.items():
        with tempfile.NamedTemporaryFile() as file:
            file.write(stream(size))
            file.flush()
            assert len({digest(command, file.name) for command in commands}) == 1, "the outputs differ"
            times = [[timed(command, file.name) for command in commands] for _ in range(rounds)]
        python, memwire = (statistics.median(column) for column in zip(*times))
        rows.append(f"| {name} | {python * 1000:.1f} ms | {memwire * 1000:.1f} ms | {python / memwire:.1f} |")
    source = f"Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}; medians."
    note = f"Input from a file, output discarded; both give the same output. {source}"
    publish("run", "\n".join([*rows, "", note]))


if __name__ == "__main__":
    main()
