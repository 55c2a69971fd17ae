"""The classic mistake: the data block is taken for one line."""


def solution(requests):
    store, replies = {}, []
    lines = iter(requests.split(b"\n")[:-1])
    for line in lines:
        command, *words = line.split(b" ")
        if command == b"set":
            store[words[0]] = next(lines)
            replies.append(b"STORED\n")
        elif command == b"get":
            for key in words:
                if key in store:
                    replies.append(b"VALUE %s %d\n%s\n" % (key, len(store[key]), store[key]))
            replies.append(b"END\n")
    return b"".join(replies)
