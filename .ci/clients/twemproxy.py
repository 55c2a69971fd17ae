"""Tests three servers behind twemproxy: twemproxy.py MEMWIRE.

The configuration is that of examples/twemproxy, on other ports.
"""

import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import pymemcache
from pymemcache.exceptions import MemcacheServerError

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples/twemproxy/nutcracker.yml"
LISTENING = "memwire: listening on 127.0.0.1:"
PATIENCE = 20
KEYS = [f"key:{number}" for number in range(3000)]

count = 0
started = []


def check(what, true):
    global count
    if not true:
        raise AssertionError(what)
    count += 1


def until(what, done):
    start = time.monotonic()
    while not done():
        if time.monotonic() - start > PATIENCE:
            raise AssertionError(f"{what}: not within {PATIENCE} s")
        time.sleep(0.05)


def start(*command, **how):
    process = subprocess.Popen(command, **how)
    started.append(process)
    return process


class Server:
    def __init__(self, memwire):
        self.memwire, self.port = memwire, 0
        self.start()

    def start(self):
        """Start, or restart on the same port."""
        command = [
            self.memwire,
            "serve",
            "--dialect",
            "classic",
            "-l",
            "127.0.0.1",
            "-p",
            str(self.port),
        ]
        self.process = start(*command, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        check(f"it listens: {line!r}", line.startswith(LISTENING))
        self.port = int(line.removeprefix(LISTENING).split(",")[0])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def holds(self, keys):
        """The keys among these that it stores, without the proxy."""
        client = connect(self.port)
        found = set(client.get_many(keys))
        client.close()
        return found


def connect(port):
    return pymemcache.Client(
        ("127.0.0.1", port), timeout=PATIENCE, no_delay=True, default_noreply=False
    )


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_ports(number):
    """Ports that are free now: the proxy needs port numbers in its configuration."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start_proxy(servers, folder):
    port, stats = free_ports(2)
    config = EXAMPLE.read_text()
    for old, new in zip([22121, 11311, 11312, 11313], [port] + [server.port for server in servers]):
        check(f"the example has port {old}", config.count(f"127.0.0.1:{old}") == 1)
        config = config.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
    file = folder / "nutcracker.yml"
    file.write_text(config)
    command = [
        "nutcracker",
        "-c",
        file,
        "-o",
        folder / "log",
        "-p",
        folder / "pid",
        "-s",
        str(stats),
        "-a",
        "127.0.0.1",
    ]
    start(*command, stderr=subprocess.DEVNULL)
    until("the proxy listens", lambda: listens(port))
    return connect(port)


def insist(do):
    """Retry until it succeeds; return the result, and the number of failures."""
    errors = 0
    while True:
        try:
            return do(), errors
        except MemcacheServerError:
            errors += 1
            if errors > 100:
                raise


def test(memwire, folder):
    servers = [Server(memwire) for _ in range(3)]
    proxy = start_proxy(servers, folder)

    for key in KEYS:
        check("set", proxy.set(key, key.encode()))
    wanted = {key: key.encode() for key in KEYS}
    check("one get_many finds all keys", proxy.get_many(KEYS) == wanted)
    places = [server.holds(KEYS) for server in servers]
    check("each key is on one server", sum(map(len, places)) == len(KEYS) == len(set.union(*places)))
    check(f"the keys are spread evenly: {[*map(len, places)]}", min(map(len, places)) > len(KEYS) / 6)
    spread = "/".join(str(len(place)) for place in places)

    value = b"\r\nEND\r\n" * 10_000
    check("set of many bytes", proxy.set("bytes", value) and proxy.get("bytes") == value)
    check("incr", proxy.set("number", b"9") and proxy.incr("number", 1) == 10)
    value, unique = proxy.gets("number")
    check("cas", proxy.cas("number", b"11", unique) and not proxy.cas("number", b"12", unique))
    check("delete", proxy.delete("number") and not proxy.delete("number"))
    for number in range(10_000):
        proxy.set(KEYS[number % 1000], b"%d" % number, noreply=True)
    # The proxy has a connection to each server: only requests to the same server stay in order.
    for place in places:
        last = [key for key in KEYS[:1000] if key in place][-1]
        until("the last of a burst", lambda: proxy.get(last) == b"%d" % (9000 + KEYS.index(last)))

    servers[1].kill()
    missed, failures = set(), 0
    for key in KEYS:
        value, errors = insist(lambda: proxy.get(key))
        failures += errors
        if value is None:
            missed.add(key)
    check("exactly the keys of the killed server are misses", missed == places[1])
    check("its failure was reported", failures >= 1)
    # Longer than server_retry_timeout: the proxy retries the server, which fails again.
    time.sleep(1.2)
    for key in missed:
        stored, errors = insist(lambda: proxy.set(key, b"elsewhere"))
        check("set elsewhere", stored)
        failures += errors
    for key in missed:
        value, _ = insist(lambda: proxy.get(key))
        check("get from elsewhere", value == b"elsewhere")

    servers[1].start()
    key = sorted(places[1])[0]

    def returned():
        insist(lambda: proxy.set(key, b"again"))
        return servers[1].holds([key]) == {key}

    until("the restarted server gets its keys again", returned)
    for key in KEYS:
        check("set after the restart", proxy.set(key, b"again"))
    check("all keys are found again", proxy.get_many(KEYS) == {key: b"again" for key in KEYS})
    check("the keys are on the same server as before", servers[1].holds(KEYS) == places[1])
    proxy.close()
    return f"{count} checks passed, keys spread {spread}, {failures} errors while one was down"


def main():
    [memwire] = sys.argv[1:]
    try:
        with tempfile.TemporaryDirectory() as folder:
            print(test(memwire, pathlib.Path(folder)))
    finally:
        for process in started:
            process.kill()


main()
