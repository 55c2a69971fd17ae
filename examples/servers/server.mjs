// A server of the simple dialect: `set` stores a value under a key, `get` retrieves it.
//
//     node server.mjs PORT
//
// It listens on 127.0.0.1 only; all connections share one store. Each connection is in one of three
// states: it awaits a line, awaits a value, or skips. Each state is a method of the same name.

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
const BAD_BLOCK_END = 'CLIENT_ERROR the data block is not followed by LF\n';
const VALUE_TOO_LARGE = 'SERVER_ERROR the value is too large\n';

const store = new Map(); // keys are strings, values are Buffers that are never modified

// Parses a command line, without its LF. The checks are in the order of `errors/order`. The result
// for a rejected line has a reply, and an n if there is a data block to skip.
function parse(line) {
  const carriageReturn = line.endsWith('\r');
  if (carriageReturn) line = line.slice(0, -1);
  const [command, ...words] = line.split(' ').filter((word) => word !== '');
  const isGet = command === 'get' && words.length > 0;
  const isSet = command === 'set' && words.length === 2;
  // A Number is inexact above 2^53, and then Infinity; no stream is long enough for it to matter.
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
    this.line = Buffer.alloc(0); // the beginning of a line; lineLength bytes of it are in use
    this.lineLength = 0;
    this.key = ''; // the set whose value is awaited; filled bytes of it have arrived
    this.value = null;
    this.filled = 0;
    this.toSkip = 0; // bytes to skip before the LF that ends the skipping
  }

  // Processes the next chunk of the stream, split anywhere. Each state returns where it stopped.
  receive(chunk) {
    let at = 0;
    while (at < chunk.length) at = this.state(chunk, at);
  }

  awaitLine(chunk, at) {
    const lf = chunk.indexOf(LF, at);
    const end = lf < 0 ? chunk.length : lf;
    if (this.lineLength + end - at > LINE_LIMIT) {
      this.lineLength = 0;
      this.socket.write(LINE_TOO_LONG);
      this.startSkipping(0);
      return end;
    }
    if (lf < 0) {
      this.buffer(chunk.subarray(at));
      return end;
    }
    let line = chunk.subarray(at, lf);
    if (this.lineLength > 0) {
      this.buffer(line);
      line = this.line.subarray(0, this.lineLength);
      this.lineLength = 0;
    }
    this.handle(parse(line.toString('latin1')));
    return lf + 1;
  }

  // Buffers the beginning of a line. Its bytes are not searched for LF again.
  buffer(bytes) {
    const length = this.lineLength + bytes.length;
    if (length > this.line.length) {
      const larger = Buffer.alloc(Math.max(length, 2 * this.line.length));
      this.line.copy(larger, 0, 0, this.lineLength);
      this.line = larger;
    }
    bytes.copy(this.line, this.lineLength);
    this.lineLength = length;
  }

  handle(request) {
    if (request.command === 'get') {
      for (const key of request.keys) {
        const value = store.get(key);
        if (value === undefined) continue;
        this.socket.write(`VALUE ${key} ${value.length}\n`);
        this.socket.write(value); // not copied, however often it is requested
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
    if (end === chunk.length) return end; // the byte after the value has not arrived yet
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

// Half-open: a client that has ended its stream still gets its replies. No delay: otherwise a
// second reply would wait until the first is acknowledged.
const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  const connection = new Connection(socket);
  socket.on('data', (chunk) => {
    socket.cork(); // send the replies to one chunk together
    connection.receive(chunk);
    socket.uncork();
    if (socket.writableNeedDrain) socket.pause(); // a client that does not read is not read from
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
