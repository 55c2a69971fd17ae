#!/usr/bin/env python3
"""Compares memwire's server with memcached. The server runs on one core, the load on another.

The servers take turns in each round, so that other work on the computer affects all of them. The
results are medians.
Every reply is checked by `memwire load`.

Needs Linux with two cores, memcached, and `cargo build --release`.
"""

import json
import os
import platform
import resource
import signal
import socket
import statistics
import subprocess
import time
from pathlib import Path

from tables import RELEASE, publish

MEMWIRE = RELEASE / "memwire"
ROUNDS = 5
IDLE = 10_000
ITEMS = 400_000
TICKS = os.sysconf("SC_CLK_TCK")

MEMCACHED = ["memcached", "-U", "0", "-u", "root", "-t", "1", "-m", "512", "-c", "12000"]
SERVERS = {
    "memcached": ("classic", MEMCACHED),
    "memcached -R 1000": ("classic", [*MEMCACHED, "-R", "1000"]),
    "memwire, classic": ("classic", []),
    "memwire, simple": ("simple", []),
}

# The number of requests, and the flags of `memwire load`.
WORKLOADS = {
    "get, one at a time": (100_000, ["--mix", "1:0"]),
    "set, one at a time": (100_000, ["--mix", "0:1"]),
    "get, pipeline 50": (1_000_000, ["--mix", "1:0", "--pipeline", "50"]),
    "set, pipeline 50": (1_000_000, ["--mix", "0:1", "--pipeline", "50"]),
    "get of 100 keys": (20_000, ["--mix", "1:0", "--keys-per-get", "100"]),
}


class Server:
    def __init__(self, name):
        self.dialect, command = SERVERS[name]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        if not command:
            command = [MEMWIRE, "serve", "--dialect", self.dialect]
            command += ["-t", "1", "-m", "512", "-c", "12000"]
        command = [*command, "-l", "127.0.0.1", "-p", str(self.port)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(["taskset", "-c", "0", *command], **quiet)
        for _ in range(100):
            try:
                return self.connect().close()
            except ConnectionRefusedError:
                time.sleep(0.05)
        raise SystemExit(f"{name} does not start")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port))

    def load(self, requests, *how):
        """Requests per second, and the server's processor time per request in ns."""
        before = self.busy()
        command = ["taskset", "-c", "1", MEMWIRE, "load", "--tcp", f"127.0.0.1:{self.port}"]
        command += ["--dialect", self.dialect, "-n", str(requests), *how, "--json", "-"]
        result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        return result["requests_per_second"], (self.busy() - before) / requests * 1e9

    def busy(self):
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) / TICKS

    def resident(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def speeds():
    """The medians of `load` for each server and workload."""
    seen = {(name, what): [] for name in SERVERS for what in WORKLOADS}
    for _ in range(ROUNDS):
        for name in SERVERS:
            with Server(name) as server:
                server.load(1, "--fill")
                for what, (requests, how) in WORKLOADS.items():
                    seen[name, what].append(server.load(requests, *how))
    return {key: [statistics.median(column) for column in zip(*rows)] for key, rows in seen.items()}


def memory(name):
    """Bytes per idle connection that has sent a request, and per item of 21 + 100 bytes."""
    with Server(name) as server:
        server.load(1000, "--fill")
        before = server.resident()
        idle = [server.connect() for _ in range(IDLE)]
        ask = b"get k\r\n" if server.dialect == "classic" else b"get k\n"
        for client in idle:
            client.sendall(ask)
            client.recv(64)
        connection = (server.resident() - before) / IDLE
        for client in idle:
            client.close()
    with Server(name) as server:
        # Allocates what does not depend on the number of items.
        server.load(1, "--fill", "--key-size", "21", "--keys", "10000")
        before = server.resident()
        server.load(1, "--fill", "--key-size", "21", "--keys", str(ITEMS))
        item = (server.resident() - before) / (ITEMS - 10_000)
    return connection, item


def table():
    measured = speeds()
    lines = [
        "Requests per second, relative to memcached; in brackets, the server's processor time per",
        "request, in ns. The row of memcached has thousands of requests per second.",
        "",
        "| | " + " | ".join(WORKLOADS) + " |",
        "|---|" + "---|" * len(WORKLOADS),
    ]
    for name in SERVERS:
        cells = []
        for what in WORKLOADS:
            speed, nanos = measured[name, what]
            base = measured["memcached", what][0]
            cell = f"{speed / 1000:.0f} k/s" if name == "memcached" else f"{speed / base:.2f} ×"
            cells.append(f"{cell} [{nanos:.0f}]")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "Resident bytes:", "", "| | idle connection | item of 21 + 100 bytes |", "|---|---|---|"]
    for name in ["memcached", "memwire, classic", "memwire, simple"]:
        connection, item = memory(name)
        lines.append(f"| {name} | {connection:.0f} | {item:.0f} |")
    version = subprocess.run(["memcached", "-V"], check=True, stdout=subprocess.PIPE, text=True)
    source = f"{version.stdout.strip()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    lines += ["", f"{source}, {time.strftime('%Y-%m-%d')}; medians of {ROUNDS} rounds."]
    return "\n".join(lines)


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = IDLE + 1000
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), hard))
    publish("servers", table())


if __name__ == "__main__":
    main()
