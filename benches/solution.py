def solution(stream: bytes) -> bytes:
    """The simple dialect's valid streams, as an interview asks for them."""
    store = {}
    out = []
    at = 0
    while at < len(stream):
        end = stream.index(b"\n", at)
        words = stream[at:end].split()
        at = end + 1
        if words[0] == b"set":
            _, key, size = words
            size = int(size)
            store[key] = stream[at : at + size]
            at += size + 1
            out.append(b"STORED\n")
        else:
            for key in words[1:]:
                value = store.get(key)
                if value is not None:
                    out += (b"VALUE ", key, b" %d\n" % len(value), value, b"\n")
            out.append(b"END\n")
    return b"".join(out)


if __name__ == "__main__":
    import sys
    sys.stdout.buffer.write(solution(sys.stdin.buffer.read()))
