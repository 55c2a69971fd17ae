"""Tests a server with a Python client: clients.py CLIENT HOST PORT.

The checks are the same for every client. Each client has a wrapper with the same interface: values
are bytes, a miss is None, and a command that the client does not support has no method.
"""

import concurrent.futures
import os
import sys
import time

THREADS = 8
ROUNDS = 100
BURST = 10_000
CONNECTIONS = 200
LARGE = 1_000_000
TOO_LARGE = 2_000_000
PATIENCE = 10


class Pymemcache:
    def __init__(self, host, port):
        import pymemcache

        self.too_large = pymemcache.exceptions.MemcacheServerError
        self.client = pymemcache.Client(
            (host, port),
            timeout=PATIENCE,
            no_delay=True,
            allow_unicode_keys=True,
            default_noreply=False,
        )
        self.close = self.client.close
        for name in "get get_many add replace append prepend cas gets".split():
            setattr(self, name, getattr(self.client, name))
        for name in "incr decr delete touch flush_all".split():
            setattr(self, name, getattr(self.client, name))

    def set(self, key, value, expire=0):
        return self.client.set(key, value, expire)

    def set_many(self, values):
        return self.client.set_many(values) == []

    def set_noreply(self, key, value):
        self.client.set(key, value, noreply=True)

    # The client has no methods for these two.
    def gat(self, key, expire):
        value, _ = self.retrieve(f"gat {expire} {key}")
        return value

    def gats(self, key, expire):
        return self.retrieve(f"gats {expire} {key}")

    def retrieve(self, command):
        """Return a small value without LF, and its CAS unique."""
        reply = self.client.raw_command(command, "END\r\n").split(b"\r\n")
        if len(reply) == 1:
            return None, None
        head, value, _ = reply
        return value, head.split(b" ")[-1]

    def version(self):
        return self.client.version().decode()

    def stat(self, name):
        return int(self.client.stats()[name.encode()])


class PythonMemcached:
    def __init__(self, host, port):
        import memcache

        # Otherwise the client itself rejects large values; the server should.
        self.client = memcache.Client(
            [f"{host}:{port}"],
            socket_timeout=PATIENCE,
            cache_cas=True,
            server_max_value_length=10 * TOO_LARGE,
        )
        self.too_large = None
        for name in "get add replace append prepend incr decr".split():
            setattr(self, name, getattr(self.client, name))
        self.get_many = self.client.get_multi
        self.flush_all = self.client.flush_all
        self.close = self.client.disconnect_all

    def set(self, key, value, expire=0):
        return self.client.set(key, value, expire)

    def set_many(self, values):
        return self.client.set_multi(values) == []

    def set_noreply(self, key, value):
        self.client.set(key, value, noreply=True)

    # The client keeps the CAS uniques itself.
    def gets(self, key):
        self.client.reset_cas()
        return self.client.gets(key), None

    def cas(self, key, value, unique):
        return bool(self.client.cas(key, value))

    def delete(self, key):
        # The client treats NOT_FOUND as success.
        there = self.client.get(key) is not None
        return self.client.delete(key) == 1 and there

    def touch(self, key, expire):
        # As above: its result does not show whether there was a value.
        there = self.client.get(key) is not None
        return self.client.touch(key, expire) == 1 and there

    def stat(self, name):
        [(_, stats)] = self.client.get_stats()
        return int(stats[name])


class Pylibmc:
    def __init__(self, host, port):
        import pylibmc

        self.pylibmc = pylibmc
        self.too_large = pylibmc.Error
        self.client = pylibmc.Client(
            [f"{host}:{port}"], behaviors={"cas": True, "tcp_nodelay": True}
        )
        # A second client, because noreply is a setting of the connection.
        self.silent = pylibmc.Client(
            [f"{host}:{port}"], behaviors={"_noreply": True, "tcp_nodelay": True}
        )
        for name in "get add replace append prepend cas delete touch".split():
            setattr(self, name, getattr(self.client, name))
        self.get_many = self.client.get_multi
        self.flush_all = self.client.flush_all

    def close(self):
        self.client.disconnect_all()
        self.silent.disconnect_all()

    def set(self, key, value, expire=0):
        return self.client.set(key, value, expire)

    def set_many(self, values):
        return self.client.set_multi(values) == []

    def set_noreply(self, key, value):
        self.silent.set(key, value)

    def gets(self, key):
        # Version 1.6.3 encodes a str and frees the bytes before it sends them; these bytes stay alive.
        key = key.encode()
        return self.client.gets(key)

    def incr(self, key, delta):
        try:
            return self.client.incr(key, delta)
        except self.pylibmc.NotFound:
            return None

    def decr(self, key, delta):
        try:
            return self.client.decr(key, delta)
        except self.pylibmc.NotFound:
            return None

    def stat(self, name):
        [(_, stats)] = self.client.get_stats()
        return int(stats[name])


count = 0


def equal(what, got, wanted):
    global count
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r:.200}, wanted {wanted!r:.200}")
    count += 1


def storing(client):
    equal("a miss", client.get("nothing"), None)
    equal("set", client.set("key", b"value"), True)
    equal("get", client.get("key"), b"value")
    equal("set of an existing key", client.set("key", b"other"), True)
    equal("get of the new value", client.get("key"), b"other")
    equal("set of an empty value", client.set("empty", b""), True)
    equal("get of an empty value", client.get("empty"), b"")

    equal("add to an existing key", bool(client.add("key", b"x")), False)
    equal("add", bool(client.add("added", b"x")), True)
    equal("get of an added key", client.get("added"), b"x")
    equal("replace", bool(client.replace("key", b"middle")), True)
    equal("replace of a missing key", bool(client.replace("nothing", b"x")), False)
    equal("append", bool(client.append("key", b" end")), True)
    equal("prepend", bool(client.prepend("key", b"start ")), True)
    equal("append to a missing key", bool(client.append("nothing", b"x")), False)
    equal("prepend to a missing key", bool(client.prepend("nothing", b"x")), False)
    equal("the concatenated value", client.get("key"), b"start middle end")

    equal("delete", bool(client.delete("key")), True)
    equal("delete of a missing key", bool(client.delete("key")), False)
    equal("get of a deleted key", client.get("key"), None)


def many(client):
    values = {f"many:{number}": b"value %d" % number * number for number in range(100)}
    equal("set of 100 keys", client.set_many(values), True)
    keys = list(values)
    equal("get of 100 keys", client.get_many(keys), values)
    equal(
        "get of 100 keys and 100 misses",
        client.get_many(keys + [f"no:{key}" for key in keys]),
        values,
    )
    equal("get of misses", client.get_many(["no:1", "no:2"]), {})


def numbers(client):
    client.set("number", b"9")
    equal("incr", client.incr("number", 1), 10)
    equal("incr by 40", client.incr("number", 40), 50)
    equal("decr by 45", client.decr("number", 45), 5)
    # The shorter number is padded with a space.
    equal("a shorter number", client.get("number"), b"5 ")
    equal("decr stops at 0", client.decr("number", 100), 0)
    client.set("number", b"18446744073709551615")
    equal("incr wraps", client.incr("number", 3), 2)
    equal("incr of a missing key", client.incr("nothing", 1), None)
    equal("decr of a missing key", client.decr("nothing", 1), None)


def bytes_of_all_kinds(client):
    for value in [b"\r\n", b"END\r\n", b"a\r\nVALUE a 0 1\r\n", bytes(range(256)), b"\0" * 100]:
        equal("set of bytes", client.set("bytes", value), True)
        equal("get of bytes", client.get("bytes"), value)
    for key in ["schlüssel", "ключ:1", "鍵", "🔑" * 62]:
        equal("set of a key in unicode", client.set(key, key.encode()), True)
        equal("get of a key in unicode", client.get(key), key.encode())
    longest = "k" * 250
    equal("set of the longest key", client.set(longest, b"x"), True)
    equal("get of the longest key", client.get(longest), b"x")


def large(client):
    value = os.urandom(LARGE)
    equal("set of a large value", client.set("large", value), True)
    equal("get of a large value", client.get("large"), value)
    before = client.stat("total_connections")
    if client.too_large is None:
        equal("set of too large a value", bool(client.set("large", bytes(TOO_LARGE))), False)
        # The connection was not replaced.
        equal("the connections until now", client.stat("total_connections"), before)
    else:
        try:
            client.set("large", bytes(TOO_LARGE))
        except client.too_large:
            equal("set of too large a value", True, True)
        else:
            raise AssertionError("too large a value was stored")
    equal("a set after it", client.set("small", b"x"), True)
    equal("a get after it", client.get("small"), b"x")
    equal("the value that was to be replaced", client.get("large"), None)


def burst(client):
    for number in range(BURST):
        client.set_noreply(f"burst:{number % 1000}", b"%d" % number)
    last = f"burst:{(BURST - 1) % 1000}"
    # The client may have sent them on another connection.
    until("the last of a burst", lambda: client.get(last) == b"%d" % (BURST - 1))
    wanted = {f"burst:{number % 1000}": b"%d" % number for number in range(BURST - 1000, BURST)}
    equal("the values of a burst", client.get_many(list(wanted)), wanted)


def race(connect):
    """Eight clients increment a number with gets and cas: no increment is lost."""
    clients = [connect() for _ in range(THREADS)]
    clients[0].set("race", b"0")

    def add(client):
        conflicts = 0
        for _ in range(ROUNDS):
            while True:
                value, unique = client.gets("race")
                if client.cas("race", b"%d" % (int(value) + 1), unique):
                    break
                conflicts += 1
        return conflicts

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        conflicts = sum(pool.map(add, clients))
    equal("the sum of all increments", clients[0].get("race"), b"%d" % (THREADS * ROUNDS))
    value, unique = clients[0].gets("race")
    clients[1].set("race", b"else")
    equal("cas of a changed value", bool(clients[0].cas("race", b"x", unique)), False)
    for client in clients:
        client.close()
    return conflicts


def crowd(connect):
    clients = [connect() for _ in range(CONNECTIONS)]
    for number, client in enumerate(clients):
        equal("set by one of many", client.set(f"crowd:{number}", b"%d" % number), True)
    equal("the number of connections", clients[0].stat("curr_connections") >= CONNECTIONS, True)
    for number, client in enumerate(clients):
        equal("get by one of many", client.get(f"crowd:{number}"), b"%d" % number)
    for client in clients:
        client.close()


def until(what, done):
    start = time.monotonic()
    while not done():
        if time.monotonic() - start > PATIENCE:
            raise AssertionError(f"{what}: not within {PATIENCE} s")
        time.sleep(0.05)
    global count
    count += 1


def expiry(client):
    client.set("short", b"x", 1)
    client.set("long", b"x", 100)
    client.set("touched", b"x")
    equal("touch", bool(client.touch("touched", 1)), True)
    equal("touch of a missing key", bool(client.touch("nothing", 1)), False)
    client.set("prolonged", b"x", 2)
    client.touch("prolonged", 100)
    gone = ["short", "touched"]
    if hasattr(client, "gat"):
        client.set("gat", b"x")
        equal("gat", client.gat("gat", 1), b"x")
        equal("gat of a missing key", client.gat("nothing", 1), None)
        client.set("gats", b"x")
        value, unique = client.gats("gats", 100)
        equal("gats", value, b"x")
        equal("cas with the CAS unique of gats", client.cas("gats", b"y", unique), True)
        gone.append("gat")
    until("values with an exptime of a second have expired", lambda: client.get_many(gone) == {})
    time.sleep(1)
    equal(
        "values with a longer exptime",
        client.get_many(["long", "prolonged"]),
        {"long": b"x", "prolonged": b"x"},
    )
    client.set("past", b"x", int(time.time()) - 10)
    equal("an exptime in the past", client.get("past"), None)
    client.set("future", b"x", int(time.time()) + 100)
    equal("an exptime in the future", client.get("future"), b"x")


def flush(client):
    client.set("flushed", b"x")
    client.flush_all()
    equal("get of a flushed key", client.get("flushed"), None)
    equal("set after a flush", client.set("flushed", b"y"), True)
    equal("get after a flush", client.get("flushed"), b"y")


def about(client):
    hits = client.stat("get_hits")
    client.set("hit", b"x")
    client.get("hit")
    equal("the hits", client.stat("get_hits"), hits + 1)
    equal("the process", client.stat("pid") > 0, True)
    if hasattr(client, "version"):
        equal("the version", client.version()[:2], "1.")


def main():
    name, host, port = sys.argv[1:]
    kind = {"pymemcache": Pymemcache, "python-memcached": PythonMemcached, "pylibmc": Pylibmc}[name]

    def connect():
        return kind(host, int(port))

    client = connect()
    client.flush_all()
    for check in [storing, many, numbers, bytes_of_all_kinds, large, burst, expiry, flush, about]:
        check(client)
    client.close()
    conflicts = race(connect)
    crowd(connect)
    print(f"{count} checks passed, {conflicts} conflicts of cas")


main()
