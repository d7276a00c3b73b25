"""The least that a client can do, in a process of its own: threads, a keep-alive connection each, whole replies.

    python benches/bare_client.py URL KEY_VARIABLE TASKS_FILE SLOTS MAX_TOKENS

Asks what ``math_tasks.py`` asks, in the same order, and prints ``{"wall_s", "requests", "tokens"}``: from the first
request to the last reply.
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

WORDS = "Solve the problem step by step. End with a line '#### <answer>'.\n\n"


def main() -> None:
    url, key_variable, tasks_file, slots, max_tokens = sys.argv[1:]
    bodies: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    for line in Path(tasks_file).read_text(encoding="utf-8").splitlines():
        messages = [{"role": "user", "content": WORDS + json.loads(line)["question"]}]
        bodies.put(json.dumps({"messages": messages, "temperature": 0, "max_tokens": int(max_tokens)}).encode())
    requests = bodies.qsize()
    for _ in range(int(slots)):
        bodies.put(None)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ[key_variable]}"}
    tokens: list[int] = []

    def work() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        while (body := bodies.get()) is not None:
            connection.request("POST", "/v1/chat/completions", body, headers)
            tokens.append(json.loads(connection.getresponse().read())["usage"]["completion_tokens"])

    threads = [threading.Thread(target=work) for _ in range(int(slots))]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"wall_s": time.monotonic() - began, "requests": requests, "tokens": sum(tokens)}))
    sys.exit(0 if len(tokens) == requests else 1)


if __name__ == "__main__":
    main()
