"""A naive first server of the simple dialect. It works when tried by hand.

    python3 beginner.py PORT

docs/find-the-bug.md finds its bugs.
"""

import socketserver
import sys

store = {}


class Client(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(4096):
            lines = data.decode().split("\n")
            words = lines[0].split(" ")
            if words[0] == "set":
                store[words[1]] = lines[1]
                self.request.sendall(b"STORED\n")
            elif words[0] == "get":
                reply = ""
                for key in words[1:]:
                    if key in store:
                        reply += f"VALUE {key} {len(store[key])}\n{store[key]}\n"
                self.request.sendall((reply + "END\n").encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Client).serve_forever()
