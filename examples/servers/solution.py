"""The simple dialect as one function: a stream of requests in, the stream of replies out.

    python3 solution.py < requests > replies

For valid streams only: it does what every implementation of the dialect MUST do, and no more.
"""

import sys


def solution(requests: bytes) -> bytes:
    store = {}
    replies = []
    at = 0
    while at < len(requests):
        end = requests.index(b"\n", at)
        command, *words = requests[at:end].split(b" ")
        at = end + 1
        if command == b"set":
            key, n = words[0], int(words[1])
            store[key] = requests[at : at + n]  # by length, as it may contain LF
            at += n + 1
            replies.append(b"STORED\n")
        else:
            for key in words:
                if key in store:
                    replies.append(b"VALUE %b %d\n%b\n" % (key, len(store[key]), store[key]))
            replies.append(b"END\n")
    return b"".join(replies)


if __name__ == "__main__":
    sys.stdout.buffer.write(solution(sys.stdin.buffer.read()))
