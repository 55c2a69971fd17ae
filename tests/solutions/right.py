"""The origin's function, no more: it relies on every request being well-formed."""


def solution(requests):
    store, replies, at = {}, [], 0
    while at < len(requests):
        end = requests.index(b"\n", at)
        command, *words = requests[at:end].split(b" ")
        at = end + 1
        if command == b"set":
            size = int(words[1])
            store[words[0]] = requests[at:at + size]
            at += size + 1
            replies.append(b"STORED\n")
        else:
            for key in words:
                if key in store:
                    replies.append(b"VALUE %s %d\n%s\n" % (key, len(store[key]), store[key]))
            replies.append(b"END\n")
    return b"".join(replies)
