"""A session over long polling: its hello, polls and posts, the two byte streams, frames and the exchanges in them."""

import collections
import json
import random
import secrets
import threading
import time

from exchange import Exchange
from wire import (
    ANSWER, CLOSE, CREDIT, DATA, DATA_END, DATA_MESSAGE, DATA_REPLY, GOAWAY, HEAD, HEAD_END, HELLO, KIB, POLL, POST,
    REFUSE, RESET, TRAILERS, VOID, WELCOME, Aborted, Failed, SessionOver, Silent, TransportLost, Wire,
    broken, control, frame, integer, read_integer,
)

LONGEST = {HEAD: 56 * KIB, HEAD_END: 56 * KIB, DATA: 64 * KIB, DATA_END: 64 * KIB, TRAILERS: 56 * KIB,
           CREDIT: 8, RESET: 8 + 256, GOAWAY: 0}  # what a gateway may send (section 5)
MAX_UNACKED, MAX_EXCHANGES, HOLD_MS, PATIENCE_S = 1024 * KIB, 256, 10_000, 5.0


class Session:
    """One key's life: `run` dials, serves, resumes, and ends with the reason why the session is over."""

    def __init__(self, options, serve, on_ready):
        self.options, self.serve, self.on_ready = options, serve, on_ready
        self.key, self.attach, self.id = secrets.token_hex(16), 0, None
        self.changed = threading.Condition(threading.RLock())
        self.received, self.ahead, self.undecoded = 0, {}, bytearray()  # the gateway's stream
        self.acked, self.unacked, self.first = 0, bytearray(), collections.deque()  # ours
        self.exchanges, self.highest, self.threads = {}, 0, []
        self.fault, self.wants_ack, self.max_unacked = None, True, MAX_UNACKED
        self.poll_wire = self.post_wire = None
        self.heard, self.resume_s = time.monotonic(), None

    def run(self, standby=False):
        """Until the session is over: always ends with SessionOver."""
        try:
            while True:
                self.dial(standby)
                poster = threading.Thread(target=self.guard, args=(self.post_loop,), daemon=True)
                poster.start()
                self.guard(self.poll_loop)
                with self.changed:
                    self.changed.notify_all()
                self.post_wire.interrupt()
                poster.join()
                if not isinstance(self.fault, TransportLost):
                    raise self.fault
        except SessionOver as over:
            if over.ours and self.id:
                self.say_close(over.code, str(over))
            raise
        finally:
            with self.changed:
                for exchange in list(self.exchanges.values()):
                    self.end(exchange)
            for thread in self.threads:
                thread.join()

    def say_close(self, code, message):
        try:
            last_word = control(CLOSE, {"code": code, "message": message})
            Wire(self.options.gateway).request("post", self.body(POST, [last_word]), 2)
        except Failed:
            pass

    def guard(self, loop):
        """Runs a loop until it ends or the other one did; the first reason counts."""
        try:
            loop()
        except (TransportLost, SessionOver) as error:
            with self.changed:
                self.fault = self.fault or error
                self.changed.notify_all()
            self.poll_wire.interrupt()

    def dial(self, standby):
        self.attach, self.fault = self.attach + 1, None
        hello = {"versions": [1], "agent": "python/1", "key": self.key, "attach": self.attach, "features": [],
                 "targets": [{"target": self.options.target, "replica": self.options.replica}]}
        if self.options.token:
            hello["token"] = self.options.token
        if self.id:
            hello["resume"] = {"session": self.id, "offset": self.received}
        elif standby:
            hello["standby"] = True
        self.poll_wire, self.post_wire = Wire(self.options.gateway), Wire(self.options.gateway)
        welcome = self.say_hello(control(HELLO, hello))
        with self.changed:
            self.acknowledge(welcome["offset"])
            self.id, self.resume_s = welcome["session"], welcome["resumeMs"] / 1000
            self.url = welcome["urls"][self.options.target][0]
            self.max_unacked = min(MAX_UNACKED, welcome.get("maxUnackedBytes", 16384 * KIB))
            self.wants_ack, self.heard = True, time.monotonic()

    def say_hello(self, hello):
        for attempt in range(1_000_000):
            try:
                answer = self.poll_wire.request("hello", hello, 10)
                if answer[:1] == bytes([REFUSE]):
                    raise SessionOver.read(answer)
                if answer[:1] == bytes([WELCOME]):
                    return json.loads(answer[1:])
            except Failed:
                pass
            self.back_off(attempt)

    def back_off(self, attempt):
        if self.resume_s is not None and time.monotonic() > self.heard + self.resume_s:
            raise SessionOver("timeout", "no transport for too long")
        with self.changed:
            self.changed.wait_for(lambda: self.fault, min(30, 0.05 * 2 ** min(attempt, 10)) * random.uniform(0.5, 1))

    # --- polls and posts (section 7.2) ---

    def body(self, kind, messages, *numbers):
        session = self.id.encode()
        start = bytes([kind]) + integer(len(session)) + session + integer(self.attach) + b"".join(map(integer, numbers))
        return start + b"".join(integer(len(message)) + message for message in messages)

    def message(self, data=b"", offset=None):
        offset = self.acked + len(self.unacked) if offset is None else offset
        return bytes([DATA_MESSAGE]) + integer(offset) + integer(self.received) + data

    def poll_loop(self):
        number, size, hold, failures, silences = 1, 64 * KIB, HOLD_MS, 0, 0
        while not self.fault:
            with self.changed:
                body = self.body(POLL, [self.message()], number, number, size, hold)
            try:
                answer = self.poll_wire.request("poll", body, hold / 1000 + PATIENCE_S)
                counts = self.take_answer(answer, number)
            except Failed as error:
                failures, silences = failures + 1, silences + 1 if isinstance(error, Silent) else 0
                if silences == 2:
                    raise TransportLost from error
                if failures == 2:
                    size = max(16 * KIB, size // 2)
                hold = 0 if silences else max(500, hold // 2)
                self.back_off(failures)
                continue
            silences = 0
            if not counts:
                self.back_off(0)
                continue
            if len(answer) > size * 3 // 4:
                size = min(4096 * KIB, size * 2)
            number, hold, failures = number + 1, HOLD_MS, 0

    def post_loop(self):
        size, failures, silences, announced = 64 * KIB, 0, 0, self.attach > 1
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.fault or self.wants_ack or self.unacked or self.pull(size))
                if self.fault:
                    return
                self.pull(size)
                self.wants_ack = False
                sent = bytes(self.unacked[:size])
                body, before = self.body(POST, [self.message(sent, self.acked)]), self.acked
            try:
                self.take_answer(self.post_wire.request("post", body, PATIENCE_S), 0)
            except Failed as error:
                failures, silences = failures + 1, silences + 1 if isinstance(error, Silent) else 0
                self.wants_ack = True
                if silences == 2:
                    raise TransportLost from error
                if failures == 2 or str(error).startswith("413"):
                    size = max(16 * KIB, size // 2)
                self.back_off(failures)
                continue
            if len(sent) == size:
                size = min(1024 * KIB, size * 2)
            failures = silences = 0
            if sent and self.acked == before:
                self.back_off(1)  # they were not wanted yet
            if not announced:
                announced = True
                self.on_ready(self.url)

    def take_answer(self, answer, number):
        """True if it counts; Failed if it is not the gateway's."""
        try:
            said, at = read_integer(answer, 1)
            if answer[0] == VOID:
                if said == 0:
                    raise TransportLost
                return False
            if answer[0] != ANSWER or said != number:
                raise Failed("not an answer of the gateway's")
            messages = []
            while at < len(answer):
                length, at = read_integer(answer, at)
                if at + length > len(answer):
                    raise IndexError
                messages.append(answer[at:at + length])
                at += length
        except (IndexError, ValueError) as error:
            raise Failed("not an answer of the gateway's") from error
        self.heard = time.monotonic()
        with self.changed:
            for message in messages:
                self.take_message(message)
        return True

    # --- byte streams (section 4) ---

    def take_message(self, message):
        if message[:1] == bytes([CLOSE]):
            raise SessionOver.read(message)
        if not message or message[0] not in (DATA_MESSAGE, DATA_REPLY):
            if message and message[0] in (HELLO, WELCOME, REFUSE):
                return
            raise broken("an unknown message")
        try:
            offset, at = read_integer(message, 1)
            ack, at = read_integer(message, at)
        except IndexError:
            raise broken("a message that is cut short") from None
        self.wants_ack = self.wants_ack or message[0] == DATA_REPLY
        self.acknowledge(ack)
        if at < len(message) and offset + len(message) - at <= self.received + MAX_UNACKED + 256 * KIB:
            self.ahead[offset] = max(message[at:], self.ahead.get(offset, b""), key=len)
        for start in sorted(self.ahead):
            if start <= self.received:
                piece = self.ahead.pop(start)[self.received - start:]
                self.received += len(piece)
                self.undecoded += piece
        self.decode()
        self.changed.notify_all()

    def acknowledge(self, ack):
        if ack > self.acked + len(self.unacked):
            raise broken("an acknowledgement of bytes that were never sent")
        if ack > self.acked:
            del self.unacked[:ack - self.acked]
            self.acked = ack

    def send(self, control_frame):
        self.first.append(control_frame)
        self.changed.notify_all()

    def pull(self, size):
        """Gives offsets to frames until there is enough for a post; True if there is anything to send."""
        def room():
            return len(self.unacked) < min(size, self.max_unacked)
        while self.first and room():
            self.unacked += self.first.popleft()
        for exchange in list(self.exchanges.values()):
            while exchange.heads and room():
                self.leave(exchange, 16 * KIB)
                if not exchange.heads:
                    self.leave(exchange, 4 * KIB)
        moved = True
        while moved and room():
            moved = False
            for exchange in list(self.exchanges.values()):
                moved = bool(room() and self.leave(exchange, 16 * KIB)) or moved
        return bool(self.unacked)

    def leave(self, exchange, most):
        if self.exchanges.get(exchange.stream) is not exchange:
            return False
        taken = exchange.take(most)
        if taken is None:
            return False
        self.unacked += taken
        if taken[0] in (HEAD_END, DATA_END):
            if not exchange.their_end:  # the answer is whole, the rest of the request is not wanted
                self.unacked += frame(RESET, exchange.stream, integer(0))
            self.end(exchange)
        self.changed.notify_all()
        return True

    # --- frames (section 5) ---

    def decode(self):
        data, at = self.undecoded, 0
        try:
            while at < len(data):
                kind = data[at]
                stream, after = read_integer(data, at + 1)
                length, after = read_integer(data, after)
                if kind not in LONGEST and kind & 1 or length > LONGEST.get(kind, 64 * KIB):
                    raise broken("an unknown or oversized frame")
                if after + length > len(data):
                    break
                at = after + length
                if kind in LONGEST:
                    self.take_frame(kind, stream, bytes(data[after:at]))
        except IndexError:
            pass
        del data[:at]

    def take_frame(self, kind, stream, payload):
        if kind == GOAWAY:
            return
        if stream == 0 or stream > self.highest and kind not in (HEAD, HEAD_END):
            raise broken("a frame for a stream that never was")
        if kind in (HEAD, HEAD_END):
            if stream <= self.highest:
                raise broken("a head for a stream that was there before")
            self.highest = stream
            return self.open(stream, payload, kind == HEAD_END)
        exchange = self.exchanges.get(stream)
        if exchange is None:
            return
        if kind in (DATA, DATA_END, TRAILERS) and exchange.their_end:
            raise broken("a frame after the end")
        if kind in (DATA, DATA_END):
            exchange.granted -= len(payload)
            if exchange.granted < 0:
                raise broken("more than was granted", "flow-control")
            exchange.received += payload
        elif kind == CREDIT:
            exchange.credit += read_integer(payload, 0)[0]
            if exchange.credit > 1 << 52:
                raise broken("credit without bound", "flow-control")
        elif kind == RESET:
            return self.end(exchange)
        exchange.their_end = exchange.their_end or kind in (DATA_END, TRAILERS)

    def open(self, stream, head, ended):
        if len(self.exchanges) >= MAX_EXCHANGES:
            return self.send(frame(RESET, stream, integer(1)))
        try:
            exchange = Exchange(self, stream, head, ended)
        except ValueError:
            return self.send(frame(RESET, stream, integer(10)))
        self.exchanges[stream] = exchange
        self.threads = [thread for thread in self.threads if thread.is_alive()]
        self.threads.append(threading.Thread(target=self.handle, args=(exchange,), daemon=True))
        self.threads[-1].start()

    def handle(self, exchange):
        try:
            self.serve(exchange)
        except Aborted:
            pass
        except Exception as error:  # a handler may fail in any way; the session goes on
            with self.changed:
                if self.exchanges.get(exchange.stream) is exchange:
                    self.send(frame(RESET, exchange.stream, integer(3) + str(error).encode("ascii", "replace")[:256]))
                    self.end(exchange)

    def end(self, exchange):
        exchange.over = True
        self.exchanges.pop(exchange.stream, None)
        self.changed.notify_all()
