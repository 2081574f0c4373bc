"""A request and its answer, as a handler's thread sees them."""

from wire import CREDIT, DATA, DATA_END, HEAD, HEAD_END, KIB, Aborted, frame, integer

FIRST_CREDIT, LARGEST_WINDOW = 64 * KIB, 1024 * KIB


class Exchange:
    """A request and its answer, as a handler sees them."""

    def __init__(self, session, stream, head, ended):
        lines = head.decode("latin-1").split("\r\n")
        if len(lines) < 3 or lines[-2:] != ["", ""]:
            raise ValueError("not a head")
        self.method, self.target, _ = lines[0].split(" ")
        pairs = [line.split(":", 1) for line in lines[1:-2] if not line.startswith(":")]
        self.fields = {name.lower(): value.strip(" \t") for name, value in pairs}
        self.session, self.stream, self.over = session, stream, False
        self.received, self.their_end, self.consumed = bytearray(), ended, 0
        self.granted = self.window = FIRST_CREDIT
        self.heads, self.body, self.our_end, self.credit = [], bytearray(), False, FIRST_CREDIT

    def read(self):
        """Some more bytes of the request's body; none at its end."""
        with self.session.changed:
            self.wait_for(lambda: self.received or self.their_end)
            data = bytes(self.received)
            self.received.clear()
            self.consumed += len(data)
            if not self.their_end and self.consumed * 2 >= self.window:
                grant, self.consumed = self.consumed, 0
                if self.window < LARGEST_WINDOW:
                    grant, self.window = grant + self.window, self.window * 2
                self.granted += grant
                self.session.send(frame(CREDIT, self.stream, integer(grant)))
            return data

    def head(self, status, fields=(), kind=HEAD):
        text = f"HTTP/1.1 {status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
        with self.session.changed:
            self.wait_for(lambda: True)
            self.heads.append(frame(kind, self.stream, text.encode("latin-1")))
            self.our_end = self.our_end or kind == HEAD_END
            self.session.changed.notify_all()

    def write(self, data, end=False):
        with self.session.changed:
            self.wait_for(lambda: len(self.body) < 64 * KIB)
            self.body += data
            self.our_end = end
            self.session.changed.notify_all()

    def answer(self, status, text):
        body = text.encode()
        without = self.method == "HEAD" or not body
        fields = [("Content-Type", "text/plain"), ("Content-Length", len(body))]
        self.head(status, fields, HEAD_END if without else HEAD)
        if not without:
            self.write(body, end=True)

    def wait_for(self, condition):
        self.session.changed.wait_for(lambda: self.over or condition())
        if self.over:
            raise Aborted

    def take(self, most):
        """The next frame that may leave (under the session's lock), or None."""
        if self.heads:
            return self.heads.pop(0)
        length = min(most, len(self.body), self.credit)
        last = self.our_end and length == len(self.body)
        if not length and not last:
            return None
        data = bytes(self.body[:length])
        del self.body[:length]
        self.credit -= length
        return frame(DATA_END if last else DATA, self.stream, data)
