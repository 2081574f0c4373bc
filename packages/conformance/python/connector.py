#!/usr/bin/env python3
"""A connector over long polling with nothing but the standard library, written from docs/protocol.md alone.

    python3 connector.py GATEWAY TARGET [--token T] [--replica R]

It answers the requests for TARGET by itself (see `serve`), and prints one line of JSON with its URL when it is ready.
It is small rather than fast: one poll and one post at a time, and a thread for each request.
"""

import argparse
import array
import hashlib
import json
import random
import secrets
import signal
import sys
import time
import urllib.parse

from session import Session
from wire import HEAD, HEAD_END, INTERIM, KIB, SessionOver

FINAL = {"unauthorized", "bad-hello", "version", "bad-target", "not-addressable"}  # section 3.3
STREAMS = {}


def pattern(total):
    """Bytes that are the same for everybody: of each eight, six count, two are zero."""
    for at in range(0, total, 64 * KIB):
        length = min(64 * KIB, total - at)
        counters = array.array("Q", range(at // 8 << 16, (at + length) // 8 << 16, 1 << 16))
        if sys.byteorder == "little":
            counters.byteswap()
        yield counters.tobytes() + bytes(length % 8)


def serve(exchange):
    """The server: a path for each thing that the cases ask for."""
    path, _, text = exchange.target.partition("?")
    query = dict(urllib.parse.parse_qsl(text))
    if path == "/hello":
        exchange.answer("200 OK", "hello")
    elif path == "/down":
        total = int(query["bytes"])
        exchange.head("200 OK", [("Content-Length", total)], HEAD if total and exchange.method != "HEAD" else HEAD_END)
        for piece in pattern(total) if exchange.method != "HEAD" else ():
            total -= len(piece)
            exchange.write(piece, end=not total)
    elif path == "/up":
        if exchange.fields.get("expect", "").lower() == "100-continue":
            exchange.head("100 Continue", kind=INTERIM)
        hashed = hashlib.sha256()
        while data := exchange.read():
            hashed.update(data)
        exchange.answer("200 OK", hashed.hexdigest())
    elif path == "/events":
        exchange.head("200 OK", [("Content-Type", "text/event-stream")])
        STREAMS[query.get("id", "")] = exchange
    elif path == "/say":
        STREAMS[query.get("id", "")].write(f"data: {query.get('text')}\n\n".encode())
        exchange.answer("200 OK", "")
    elif path == "/running":
        exchange.answer("200 OK", str(len(exchange.session.exchanges) - 1))
    else:
        exchange.answer("404 Not Found", "nothing here\n")


def main():
    parser = argparse.ArgumentParser(description="A minimal Reverse HTTP connector.")
    parser.add_argument("gateway")
    parser.add_argument("target")
    parser.add_argument("--token")
    parser.add_argument("--replica", default=secrets.token_hex(4))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    standby, attempt = False, 0

    def tell(url):
        print(json.dumps({"url": url}), flush=True)

    while True:
        session = Session(options, serve, tell)
        try:
            session.run(standby)
        except SessionOver as over:
            print(over, file=sys.stderr, flush=True)
            if over.code in FINAL:
                sys.exit(1)
            standby = over.code in ("replaced", "standby")
            attempt = 0 if session.id else attempt + 1
            wait = 0.1 * 2 ** min(attempt, 8) * random.uniform(0.5, 1)
            if standby or over.code == "target-taken":
                wait = 60
            time.sleep(max(wait, (over.retry_after_ms or 0) / 1000))
        except (KeyboardInterrupt, SystemExit):
            if session.id:
                session.say_close("closed", "the connector ends")
            raise


if __name__ == "__main__":
    main()
