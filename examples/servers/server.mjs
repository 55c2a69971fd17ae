// A server of the simple dialect: `set` keeps a value under a key, `get` asks for it.
//
//     node server.mjs PORT
//
// It listens on 127.0.0.1 only; all connections share one store. Each connection is in one of three
// states: it awaits a line, awaits a value, or skips. These are the methods of the same names.

import net from 'node:net';

const LINE_LIMIT = 262_144; // bytes before the LF
const VALUE_LIMIT = 1_048_576;
const LF = 0x0a;

const KEY = /^[A-Za-z0-9_-]+$/;
const COUNT = /^[0-9]+$/;

const STORED = 'STORED\n';
const END = 'END\n';
const ERROR = 'ERROR\n';
const LINE_TOO_LONG = 'CLIENT_ERROR the line is too long\n';
const CARRIAGE_RETURN = 'CLIENT_ERROR the line ends with CR LF, not with LF\n';
const BAD_COUNT = 'CLIENT_ERROR the count is not made of decimal digits\n';
const BAD_KEY = 'CLIENT_ERROR a key has a byte that no key has\n';
const BAD_BLOCK_END = 'CLIENT_ERROR the data block does not end with LF behind its n bytes\n';
const VALUE_TOO_LARGE = 'SERVER_ERROR the value is too large\n';

const store = new Map(); // keys are strings, values are Buffers that nobody changes

// Understands a command line, without its LF. The order of the checks is that of the errors. What
// is refused has a reply, and an n if there is a data block to skip.
function parse(line) {
  const carriageReturn = line.endsWith('\r');
  if (carriageReturn) line = line.slice(0, -1);
  const [command, ...words] = line.split(' ').filter((word) => word !== '');
  const isGet = command === 'get' && words.length > 0;
  const isSet = command === 'set' && words.length === 2;
  // A Number is inexact from 2^53 on, and Infinity at last: no stream is long enough to tell.
  const n = isSet && COUNT.test(words[1]) ? Number(words[1]) : undefined;

  if (carriageReturn) return { reply: CARRIAGE_RETURN, n };
  if (isGet) {
    return words.every((key) => KEY.test(key)) ? { command, keys: words } : { reply: BAD_KEY };
  }
  if (!isSet) return { reply: ERROR };
  if (n === undefined) return { reply: BAD_COUNT };
  if (n > VALUE_LIMIT) return { reply: VALUE_TOO_LARGE, n };
  if (!KEY.test(words[0])) return { reply: BAD_KEY, n };
  return { command, key: words[0], n };
}

class Connection {
  constructor(socket) {
    this.socket = socket;
    this.state = this.awaitLine;
    this.held = Buffer.alloc(0); // room for the beginning of a line, and how much is in use
    this.heldLength = 0;
    this.key = ''; // the set whose value is awaited, and how much of it is there
    this.value = null;
    this.filled = 0;
    this.toSkip = 0; // bytes to skip before the LF that ends it
  }

  // Takes the next bytes of the stream, however it is cut. Each state returns how far it came.
  receive(chunk) {
    let at = 0;
    while (at < chunk.length) at = this.state(chunk, at);
  }

  awaitLine(chunk, at) {
    const lf = chunk.indexOf(LF, at);
    const end = lf < 0 ? chunk.length : lf;
    if (this.heldLength + end - at > LINE_LIMIT) {
      this.heldLength = 0;
      this.socket.write(LINE_TOO_LONG);
      this.startSkipping(0);
      return end;
    }
    if (lf < 0) {
      this.hold(chunk.subarray(at));
      return end;
    }
    let line = chunk.subarray(at, lf);
    if (this.heldLength > 0) {
      this.hold(line);
      line = this.held.subarray(0, this.heldLength);
      this.heldLength = 0;
    }
    this.handle(parse(line.toString('latin1')));
    return lf + 1;
  }

  // Keeps the beginning of a line. No byte of it is searched for an LF again.
  hold(bytes) {
    const length = this.heldLength + bytes.length;
    if (length > this.held.length) {
      const larger = Buffer.alloc(Math.max(length, 2 * this.held.length));
      this.held.copy(larger, 0, 0, this.heldLength);
      this.held = larger;
    }
    bytes.copy(this.held, this.heldLength);
    this.heldLength = length;
  }

  handle(request) {
    if (request.command === 'get') {
      for (const key of request.keys) {
        const value = store.get(key);
        if (value === undefined) continue;
        this.socket.write(`VALUE ${key} ${value.length}\n`);
        this.socket.write(value); // not copied, however often it is asked for
        this.socket.write('\n');
      }
      this.socket.write(END);
    } else if (request.command === 'set') {
      this.key = request.key;
      this.value = Buffer.alloc(request.n);
      this.filled = 0;
      this.state = this.awaitValue;
    } else {
      this.socket.write(request.reply);
      if (request.n !== undefined) this.startSkipping(request.n);
    }
  }

  awaitValue(chunk, at) {
    const end = Math.min(at + this.value.length - this.filled, chunk.length);
    this.filled += chunk.copy(this.value, this.filled, at, end);
    if (end === chunk.length) return end; // the byte behind the value is still to come
    if (chunk[end] === LF) {
      store.set(this.key, this.value);
      this.socket.write(STORED);
      this.state = this.awaitLine;
    } else {
      this.socket.write(BAD_BLOCK_END);
      this.startSkipping(0);
    }
    this.value = null;
    return end + 1;
  }

  startSkipping(n) {
    this.toSkip = n;
    this.state = this.skip;
  }

  skip(chunk, at) {
    const skipped = Math.min(this.toSkip, chunk.length - at);
    this.toSkip -= skipped;
    if (this.toSkip > 0) return chunk.length;
    const lf = chunk.indexOf(LF, at + skipped);
    if (lf < 0) return chunk.length;
    this.state = this.awaitLine;
    return lf + 1;
  }
}

// Half-open: a client that has ended its stream still gets its replies. No delay: else a second
// reply would wait until the first is acknowledged.
const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  const connection = new Connection(socket);
  socket.on('data', (chunk) => {
    socket.cork(); // the replies to one chunk leave together
    connection.receive(chunk);
    socket.uncork();
    if (socket.writableNeedDrain) socket.pause(); // who does not read replies is not read from
  });
  socket.on('drain', () => socket.resume());
  socket.on('end', () => socket.end());
  socket.on('error', () => socket.destroy());
});

const port = Number(process.argv[2]);
if (process.argv.length !== 3 || !Number.isInteger(port)) {
  console.error('usage: node server.mjs PORT');
  process.exit(2);
}
server.listen({ host: '127.0.0.1', port, backlog: 1024 });
