"""A small web server of files on loopback; prints its port, then serves.

Files of DIR, with ETag, ranges and ``If-Range``. ``--cut N``: each reply ends after N bytes of its body, though it
announced all of them; ``--status S``: every request is answered so.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    flags: argparse.Namespace

    def do_GET(self) -> None:
        with self.flags.log.open("a") as file:
            file.write(json.dumps({"path": self.path, "range": self.headers.get("Range")}) + "\n")
        path = self.flags.root / self.path.lstrip("/")
        if self.flags.status or not path.is_file():
            self.send_response(self.flags.status or 404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = path.read_bytes()
        etag = f'"{hashlib.sha256(data).hexdigest()}"'
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        same = self.headers.get("If-Range") in {None, etag}
        start = int(found[1]) if found and same else 0
        if found and same and start >= len(data):
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if found and same else 200)
        if not self.flags.no_etag:
            self.send_header("ETag", etag)
        body = data[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.flags.cut and len(body) > self.flags.cut:
            self.wfile.write(body[: self.flags.cut])
            self.wfile.flush()
            self.close_connection = True
            return
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--cut", type=int, default=0)
    parser.add_argument("--status", type=int, default=0)
    parser.add_argument("--no-etag", action="store_true")
    Handler.flags = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
