"""beginner.py, as corrected in docs/find-the-bug.md.

    python3 mended.py PORT
"""

import socketserver
import sys

store = {}


class Client(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        # rfile buffers what was read past the line, and waits for the rest of a partial line.
        while line := self.rfile.readline():
            words = line.split()
            if words[0] == b"set":
                value = self.rfile.read(int(words[2]))
                self.rfile.read(1)
                store[words[1]] = value
                self.wfile.write(b"STORED\n")
            elif words[0] == b"get":
                reply = b""
                for key in words[1:]:
                    if key in store:
                        reply += b"VALUE %b %d\n%b\n" % (key, len(store[key]), store[key])
                self.wfile.write(reply + b"END\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", int(sys.argv[1])), Client).serve_forever()
