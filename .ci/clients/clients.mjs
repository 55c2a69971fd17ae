// Tests a server with a client for Node: clients.mjs CLIENT HOST PORT. Run it in a directory whose
// node_modules has the clients.
//
// The checks are the same for each client, and mostly those of clients.py. Values are strings, a miss
// is null, and a command that the client does not support has no method.

import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect, isDeepStrictEqual } from "node:util";

const clients = 8;
const rounds = 100;
const burstLength = 10_000;
const connections = 200;
const largeLength = 1_000_000;
const patience = 10_000;

// The packages are in the working directory, not next to this file.
const load = createRequire(`${process.cwd()}/`);

class Memcached {
  constructor(address) {
    const Client = load("memcached");
    // Values that are too large are not sent: the client treats a server that replies SERVER_ERROR as
    // down.
    this.client = new Client(address, { poolSize: 1, retries: 0, timeout: patience });
  }

  call(method, ...args) {
    return new Promise((resolve, reject) =>
      this.client[method](...args, (error, data) => (error ? reject(error) : resolve(data))),
    );
  }

  // The client reports NOT_STORED as an error.
  async store(method, ...args) {
    try {
      return await this.call(method, ...args);
    } catch (error) {
      if (error.notStored) return false;
      throw error;
    }
  }

  set = (key, value, expire = 0) => this.store("set", key, value, expire);
  add = (key, value) => this.store("add", key, value, 0);
  replace = (key, value) => this.store("replace", key, value, 0);
  append = (key, value) => this.store("append", key, value);
  prepend = (key, value) => this.store("prepend", key, value);
  cas = (key, value, unique) => this.store("cas", key, value, unique, 0);
  get = async (key) => (await this.call("get", key)) ?? null;
  getMany = (keys) => this.call("getMulti", keys);
  gets = async (key) => {
    const found = await this.call("gets", key);
    return [found[key], found.cas];
  };
  // The client returns false for a miss.
  number = (found) => (found === false ? null : found);
  incr = async (key, delta) => this.number(await this.call("incr", key, delta));
  decr = async (key, delta) => this.number(await this.call("decr", key, delta));
  delete = (key) => this.call("del", key);
  touch = (key, expire) => this.call("touch", key, expire);
  flushAll = () => this.call("flush");
  stat = async (name) => (await this.call("stats"))[0][name];
  version = async () => (await this.call("version"))[0].version;
  close = () => this.client.end();
}

class MemcacheClient {
  constructor(address) {
    const { MemcacheClient: Client } = load("memcache-client");
    const server = { server: address, maxConnections: 1 };
    this.client = new Client({ server, cmdTimeout: patience, lifetime: 0 });
  }

  // The client rejects the promise with the server's reply.
  async call(wanted, misses, promise) {
    try {
      const [answer] = await promise;
      equal("the reply", answer, wanted);
      return true;
    } catch (error) {
      if (misses.includes(error.message)) return false;
      throw error;
    }
  }

  store = (method, key, value, options) =>
    this.call("STORED", ["NOT_STORED", "EXISTS"], this.client[method](key, value, options));
  set = (key, value, expire = 0) => this.store("set", key, value, { lifetime: expire });
  add = (key, value) => this.store("add", key, value);
  replace = (key, value) => this.store("replace", key, value);
  append = (key, value) => this.store("append", key, value);
  prepend = (key, value) => this.store("prepend", key, value);
  cas = (key, value, unique) => this.store("cas", key, value, { casUniq: unique });
  get = async (key) => (await this.client.get(key))?.value ?? null;
  getMany = async (keys) => {
    const found = await this.client.get(keys);
    return Object.fromEntries(Object.entries(found).map(([key, { value }]) => [key, value]));
  };
  gets = async (key) => {
    const { value, casUniq } = await this.client.gets(key);
    return [value, casUniq];
  };
  number = async (promise) => {
    try {
      return Number(await promise);
    } catch (error) {
      if (error.message === "NOT_FOUND") return null;
      throw error;
    }
  };
  incr = (key, delta) => this.number(this.client.incr(key, delta));
  decr = (key, delta) => this.number(this.client.decr(key, delta));
  delete = (key) => this.call("DELETED", ["NOT_FOUND"], this.client.delete(key));
  touch = (key, expire) => this.call("TOUCHED", ["NOT_FOUND"], this.client.touch(key, expire));
  tooLarge = (key, value) => this.client.set(key, value).catch((error) => error.message);
  setNoreply = (key, value) => this.client.set(key, value, { noreply: true });
  setBytes = (key, value) => this.client.set(key, value);
  flushAll = () => this.client.cmd("flush_all");
  stat = async (name) => {
    const { STAT: stats } = await this.client.cmd("stats");
    return Number(stats.find(([key]) => key === name)[1]);
  };
  version = async () => (await this.client.version())[1];
  close = () => this.client.shutdown();
}

let count = 0;

function equal(what, got, wanted) {
  if (!isDeepStrictEqual(got, wanted)) {
    const show = (value) => inspect(value).slice(0, 200);
    throw new Error(`${what}: got ${show(got)}, wanted ${show(wanted)}`);
  }
  count += 1;
}

async function until(what, done) {
  const start = Date.now();
  while (!(await done())) {
    if (Date.now() - start > patience) throw new Error(`${what}: not within ${patience} ms`);
    await sleep(50);
  }
  count += 1;
}

async function storing(client) {
  equal("a miss", await client.get("nothing"), null);
  equal("set", await client.set("key", "value"), true);
  equal("get", await client.get("key"), "value");
  equal("set of an existing key", await client.set("key", "other"), true);
  equal("get of the new value", await client.get("key"), "other");
  equal("set of an empty value", await client.set("empty", ""), true);
  equal("get of an empty value", await client.get("empty"), "");

  equal("add to an existing key", await client.add("key", "x"), false);
  equal("add", await client.add("added", "x"), true);
  equal("get of an added key", await client.get("added"), "x");
  equal("replace", await client.replace("key", "middle"), true);
  equal("replace of a missing key", await client.replace("nothing", "x"), false);
  equal("append", await client.append("key", " end"), true);
  equal("prepend", await client.prepend("key", "start "), true);
  equal("append to a missing key", await client.append("nothing", "x"), false);
  equal("prepend to a missing key", await client.prepend("nothing", "x"), false);
  equal("the concatenated value", await client.get("key"), "start middle end");

  equal("delete", await client.delete("key"), true);
  equal("delete of a missing key", await client.delete("key"), false);
  equal("get of a deleted key", await client.get("key"), null);
}

async function many(client) {
  const values = {};
  for (let number = 0; number < 100; number += 1) {
    values[`many:${number}`] = `value ${number}`.repeat(number + 1);
  }
  const keys = Object.keys(values);
  await Promise.all(keys.map((key) => client.set(key, values[key])));
  equal("get of 100 keys", await client.getMany(keys), values);
  const misses = keys.map((key) => `no:${key}`);
  equal("get of 100 keys and 100 misses", await client.getMany([...keys, ...misses]), values);
}

async function numbers(client) {
  await client.set("number", "9");
  equal("incr", await client.incr("number", 1), 10);
  equal("incr by 40", await client.incr("number", 40), 50);
  equal("decr by 45", await client.decr("number", 45), 5);
  // The shorter number is padded with a space.
  equal("a shorter number", await client.get("number"), "5 ");
  equal("decr stops at 0", await client.decr("number", 100), 0);
  await client.set("number", "18446744073709551615");
  equal("incr wraps", await client.incr("number", 3), 2);
  equal("incr of a missing key", await client.incr("nothing", 1), null);
  equal("decr of a missing key", await client.decr("nothing", 1), null);
}

async function bytesOfAllKinds(client) {
  for (const value of ["\r\n", "END\r\n", "a\r\nVALUE a 0 1\r\n", "größer\0"]) {
    equal("set of bytes", await client.set("bytes", value), true);
    equal("get of bytes", await client.get("bytes"), value);
  }
  if (client.setBytes) {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await client.setBytes("bytes", all);
    equal("get of all bytes", await client.get("bytes"), all);
  }
  for (const key of ["schlüssel", "ключ:1", "鍵", "k".repeat(250)]) {
    equal("set of a key", await client.set(key, "value"), true);
    equal("get of a key", await client.get(key), "value");
  }
}

async function large(client) {
  const value = "0123456789".repeat(largeLength / 10);
  equal("set of a large value", await client.set("large", value), true);
  equal("get of a large value", await client.get("large"), value);
  if (!client.tooLarge) return;
  const reply = await client.tooLarge("large", value + value);
  equal("the reply to too large a value", /object too large for cache$/.test(reply), true);
  equal("a set after it", await client.set("small", "x"), true);
  equal("a get after it", await client.get("small"), "x");
  equal("the value that was to be replaced", await client.get("large"), null);
}

async function burst(client) {
  // All at once, so that they are pipelined.
  const sets = [];
  for (let number = 0; number < burstLength; number += 1) {
    sets.push((client.setNoreply ?? client.set)(`burst:${number % 1000}`, `${number}`));
  }
  await Promise.all(sets);
  const wanted = {};
  for (let number = burstLength - 1000; number < burstLength; number += 1) {
    wanted[`burst:${number % 1000}`] = `${number}`;
  }
  equal("the values of a burst", await client.getMany(Object.keys(wanted)), wanted);
}

async function expiry(client) {
  await client.set("short", "x", 1);
  await client.set("long", "x", 100);
  await client.set("touched", "x");
  equal("touch", await client.touch("touched", 1), true);
  equal("touch of a missing key", await client.touch("nothing", 1), false);
  for (const key of ["short", "touched"]) {
    await until(`${key} is gone`, async () => (await client.get(key)) === null);
  }
  equal("a value with a longer exptime", await client.get("long"), "x");
}

async function flush(client) {
  await client.set("flushed", "x");
  await client.flushAll();
  equal("get of a flushed key", await client.get("flushed"), null);
  equal("set after a flush", await client.set("flushed", "y"), true);
  equal("get after a flush", await client.get("flushed"), "y");
}

async function about(client) {
  const hits = await client.stat("get_hits");
  await client.set("hit", "x");
  await client.get("hit");
  equal("the hits", await client.stat("get_hits"), hits + 1);
  equal("the version", (await client.version()).startsWith("1."), true);
}

// Eight clients increment a number with gets and cas: no increment is lost.
async function race(connect) {
  const all = Array.from({ length: clients }, connect);
  await all[0].set("race", "0");
  const add = async (client) => {
    for (let round = 0; round < rounds; round += 1) {
      for (;;) {
        const [value, unique] = await client.gets("race");
        if (await client.cas("race", `${Number(value) + 1}`, unique)) break;
        conflicts += 1;
      }
    }
  };
  let conflicts = 0;
  await Promise.all(all.map(add));
  equal("the sum of all increments", await all[0].get("race"), `${clients * rounds}`);
  for (const client of all) client.close();
  return conflicts;
}

async function crowd(connect) {
  const all = Array.from({ length: connections }, connect);
  const stored = await Promise.all(
    all.map((client, number) => client.set(`crowd:${number}`, `${number}`)),
  );
  equal("sets by many", stored, all.map(() => true));
  equal("the number of connections", (await all[0].stat("curr_connections")) >= connections, true);
  const got = await Promise.all(all.map((client, number) => client.get(`crowd:${number}`)));
  equal("gets by many", got, all.map((_, number) => `${number}`));
  for (const client of all) client.close();
}

const [name, host, port] = process.argv.slice(2);
const kind = { memcached: Memcached, "memcache-client": MemcacheClient }[name];
const connect = () => new kind(`${host}:${port}`);
const client = connect();
await client.flushAll();
for (const check of [storing, many, numbers, bytesOfAllKinds, large, burst, expiry, flush, about]) {
  await check(client);
}
client.close();
const conflicts = await race(connect);
await crowd(connect);
console.log(`${count} checks passed, ${conflicts} conflicts of cas`);
process.exit();
