"""The bytes of docs/protocol.md (integers, frames, messages), what can go wrong, and the requests that carry them."""

import http.client
import json
import urllib.parse

HELLO, WELCOME, REFUSE, CLOSE, DATA_MESSAGE, DATA_REPLY = 0x01, 0x02, 0x03, 0x04, 0x10, 0x11  # section 2
POLL, POST, ANSWER, VOID = 0x20, 0x22, 0x24, 0x25  # section 7.2
HEAD, HEAD_END, DATA, DATA_END, TRAILERS, CREDIT, RESET, GOAWAY, INTERIM = 1, 3, 5, 7, 9, 11, 13, 15, 17  # section 5
KIB = 1024


class Failed(Exception):
    """A request of ours brought no answer of the gateway's."""


class Silent(Failed):
    """... because nothing at all came in time."""


class TransportLost(Exception):
    """Another hello is needed; the session goes on."""


class Aborted(Exception):
    """The exchange is over; the handler should end."""


class SessionOver(Exception):
    def __init__(self, code, message="", retry_after_ms=None, ours=False):
        super().__init__(f"{code}: {message}")
        self.code, self.retry_after_ms, self.ours = code, retry_after_ms, ours

    @classmethod
    def read(cls, message):
        reason = json.loads(message[1:])
        return cls(reason.get("code"), reason.get("message", ""), reason.get("retryAfterMs"))


def broken(what, code="protocol-error"):
    return SessionOver(code, what, ours=True)


def integer(value):
    for length, mark in ((1, 0), (2, 0x40), (4, 0x80)):
        if value < 1 << (8 * length - 2):
            return (value | mark << 8 * (length - 1)).to_bytes(length, "big")
    return (value | 0xC0 << 56).to_bytes(8, "big")


def read_integer(data, at):
    """The integer at a place and the place behind it; IndexError while it is not there in full."""
    length = 1 << (data[at] >> 6)
    if len(data) < at + length:
        raise IndexError
    value = int.from_bytes(data[at:at + length], "big") & ((1 << (8 * length - 2)) - 1)
    if value >= 1 << 53:
        raise broken("an integer above the range")
    return value, at + length


def control(kind, value):
    return bytes([kind]) + json.dumps(value).encode("ascii")


def frame(kind, stream, payload=b""):
    return bytes([kind]) + integer(stream) + integer(len(payload)) + payload


class Wire:
    """Requests to the gateway, one after the other."""

    def __init__(self, gateway):
        self.gateway, self.connection = urllib.parse.urlsplit(gateway), None

    def request(self, name, body, timeout):
        try:
            if self.connection is None:
                secure = self.gateway.scheme == "https"
                make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
                self.connection = make(self.gateway.netloc, timeout=timeout)
                self.connection.connect()
            self.connection.sock.settimeout(timeout)
            headers = {"Content-Type": "application/octet-stream"}
            self.connection.request("POST", "/.well-known/reverse-http/" + name, body, headers)
            answer = self.connection.getresponse()
            data = answer.read()
            if answer.status != 200:
                raise Failed(f"{answer.status} {answer.reason}")
            return data
        except (OSError, http.client.HTTPException, AttributeError) as error:
            self.close()
            raise (Silent if isinstance(error, TimeoutError) else Failed)(str(error)) from error

    def close(self):
        connection, self.connection = self.connection, None
        if connection:
            connection.close()

    def interrupt(self):
        """From another thread: the request that waits fails at once."""
        try:
            self.connection.sock.shutdown(2)
        except (OSError, AttributeError):
            pass
