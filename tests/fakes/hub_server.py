"""A small stand-in for the Hugging Face hub on loopback; prints its port, then serves.

Files of DIR are those of one repository at every commit. It speaks what the hub client asks for a file: HEAD and GET
under ``/datasets/OWNER/NAME/resolve/REVISION/FILE`` (of a model without ``/datasets``) with ETag, X-Repo-Commit and
ranges; and of a model the list of files, ``/api/models/OWNER/NAME`` and ``…/tree/REVISION``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
"""What ``main`` is; any other commit that is asked for in full holds the same files."""
FULL = re.compile(r"[0-9a-f]{40}")
PATH = re.compile(r"/(?:datasets/)?(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>[^?]+)")
TREE = re.compile(r"/api/models/(?P<repo>[^/]+/[^/]+)/tree/[^/?]+(?:\?.*)?")
LIST = re.compile(r"/api/models/(?P<repo>[^/]+/[^/?]+)(?:/revision/[^/?]+)?(?:\?.*)?")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    flags: argparse.Namespace

    def do_HEAD(self) -> None:
        self._serve(with_body=False)

    def do_GET(self) -> None:
        self._serve(with_body=True)

    def _serve(self, *, with_body: bool) -> None:
        with self.flags.log.open("a") as file:
            line = {"method": self.command, "path": self.path, "range": self.headers.get("Range")}
            file.write(json.dumps(line) + "\n")
        if self.flags.next and "/resolve/" in self.path:
            self.flags.root, self.flags.commit, self.flags.next = self.flags.next, "f" * 40, None
        tree = TREE.fullmatch(self.path)
        listed = tree or LIST.fullmatch(self.path)
        found = listed or PATH.fullmatch(self.path)
        if found is None or found["repo"] != self.flags.repo:
            self._refuse(401 if self.flags.hidden else 404, "RepoNotFound")
        elif self.flags.gated and not listed:  # what a gated repository is made of is no secret
            self._refuse(403, "GatedRepo")
        elif self.flags.status:
            self._refuse(self.flags.status, None)
        elif tree:
            self._json([{"type": "file", "path": name, "size": path.stat().st_size, "oid": "0" * 40,
                         "lfs": {"oid": self._lfs(path)["sha256"], "size": path.stat().st_size, "pointerSize": 134}}
                        for name, path in self._files()])
        elif listed:
            self._list(found["repo"])
        elif found["revision"] != "main" and not FULL.fullmatch(found["revision"]):
            self._refuse(404, "RevisionNotFound")
        elif not (self.flags.root / found["file"]).is_file():
            self._refuse(404, "EntryNotFound")
        else:
            asked = found["revision"]
            commit = asked if FULL.fullmatch(asked) else self.flags.commit
            self._send(self.flags.root / found["file"], commit, with_body=with_body)

    def _refuse(self, status: int, code: str | None) -> None:
        self.send_response(status)
        self.send_header("X-Repo-Commit", self.flags.commit)
        if code is not None:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _list(self, repository: str) -> None:
        siblings = [{"rfilename": name, "size": path.stat().st_size, "blobId": "0" * 40, "lfs": self._lfs(path)}
                    for name, path in self._files()]
        siblings += [{"rfilename": name, "size": 1 << 60, "blobId": "0" * 40} for name in self.flags.huge]
        self._json({"_id": "1", "id": repository, "modelId": repository, "sha": self.flags.commit, "private": False,
                    "siblings": siblings, "tags": [], "gguf": {"total": self.flags.parameters}})

    def _files(self) -> list[tuple[str, Path]]:
        root: Path = self.flags.root
        return [(path.relative_to(root).as_posix(), path) for path in sorted(root.rglob("*")) if path.is_file()]

    def _json(self, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _lfs(self, path: Path) -> dict[str, object]:
        data = path.read_bytes()
        return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}

    def _send(self, path: Path, commit: str, *, with_body: bool) -> None:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        start = int(wanted[1]) if wanted else 0
        end = int(wanted[2]) + 1 if wanted and wanted[2] else len(data)
        part = data[start:end]
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{start + len(part) - 1}/{len(data)}")
        self.send_header("ETag", f'"{digest}"')
        self.send_header("X-Repo-Commit", commit)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if not with_body:
            return
        if self.flags.cut_first and len(part) > self.flags.cut_first:
            part, self.flags.cut_first, self.close_connection = part[: self.flags.cut_first], 0, True
        if self.flags.corrupt:
            part = part[::-1]
        self.wfile.write(part)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        pass


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--repo", default="livecodebench/code_generation_lite")
    parser.add_argument("--parameters", type=int, default=1000, help="as the hub counted them in a GGUF file")
    parser.add_argument("--commit", default=COMMIT)
    parser.add_argument("--next", type=Path, help="the repository's next revision, which is there once a file is asked")
    parser.add_argument("--gated", action="store_true")
    parser.add_argument("--hidden", action="store_true", help="say 401 of what is not there, as the hub does")
    parser.add_argument("--huge", nargs="*", default=[], help="files of an exabyte, which are only in the list")
    parser.add_argument("--status", type=int, default=0)
    parser.add_argument("--cut-first", type=int, default=0, help="cut the first download after so many bytes")
    parser.add_argument("--corrupt", action="store_true", help="send the bytes of the right number, but wrong")
    Handler.flags = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
