"""IDs from leafd, without a library. Run: python3 leafd.py [SOCKET [TAG]]; then Enter for each further ID."""
import itertools, os, socket, sys, threading


class LeafdError(Exception):
    """What leafd has refused, and why."""


class Process:
    """What belongs to one process alone: a connection, a pool for each tag, and a lock for its threads."""
    def __init__(self):
        self.pid, self.lock, self.connection, self.pools = os.getpid(), threading.RLock(), None, {}


class Leafd:
    """Asks leafd. Threads may share it, and it may be made before a fork."""
    def __init__(self, path="/run/leafd/leafd.sock"):
        self.path, self.process = path, Process()

    def own(self):
        own = self.process
        if own.pid != os.getpid():  # a forked child: the parent goes on dealing from what was inherited
            own = self.process = Process()
        return own

    def take(self, tag, size=1000):
        """One ID out of the pool, which leases `size` at a time."""
        own = self.own()
        with own.lock:
            for id in own.pools.get(tag, ()):
                return id
            ends = self.ask("LEASE", tag, size)
            own.pools[tag] = itertools.chain(*(range(a, b + 1) for a, b in zip(ends[::2], ends[1::2])))
            return next(own.pools[tag])

    def ask(self, *words):
        """The reply to one request: an integer, or a list of integers."""
        own = self.own()
        with own.lock:
            try:
                reply = self.exchange(own, words)
            except OSError:  # once more, on a new connection; IDs whose reply was lost are a gap
                reply = self.exchange(own, words)
        if isinstance(reply, LeafdError):
            raise reply
        return reply

    def exchange(self, own, words):
        # Put back only when its reply has been read whole, so that nobody reads another's.
        connection, own.connection = own.connection or self.connect(), None
        parts = [str(word).encode() for word in words]
        connection[0].sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(p), p) for p in parts))
        reply = self.read(connection[1])
        own.connection = connection
        return reply

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(5)
        connection.connect(self.path)
        return connection, connection.makefile("rb")

    def read(self, file):
        line = file.readline().decode()
        if not line.endswith("\n") or line.startswith("-SHUTDOWN"):
            raise ConnectionError("leafd has closed the connection")
        if line[0] == ":":
            return int(line[1:])
        if line[0] == "*":
            return [self.read(file) for _ in range(int(line[1:]))]
        if line[0] == "-":
            return LeafdError(line[1:].strip())
        raise ValueError(f"neither integers nor an error: {line!r}")


if __name__ == "__main__":
    leafd = Leafd(*sys.argv[1:2])
    tag = (sys.argv[2:] or ["orders"])[0]
    print(leafd.ask("NEXT", tag))
    print(*leafd.ask("NEXT", tag, 3))
    for _ in sys.stdin:
        print(leafd.take(tag), flush=True)
