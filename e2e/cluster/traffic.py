"""Clients of the Gateway, until STOP_FILE appears; then what came of it is told as one line of JSON. STOP_FILE.begun tells that
the first answer has come.

usage: traffic.py load URL MODEL CLIENTS STOP_FILE       streams of a few tokens, each to its end
       traffic.py attack URL MODEL ADDRESS STOP_FILE     every way to ask for ADDRESS; "reached" must be 0
"""

import collections
import http.client
import json
import os
import sys
import threading
import time
import urllib.parse

HEADERS = ["target-pod", "Target-Pod", "prefill-target-pod", "x-gateway-destination-endpoint", "x-envoy-original-dst-host"]
PATHS = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/models", "/v1/unknown", "/"]


def ask(host, port, method, path, headers, body=None):
    """Status, headers and body. Raises what the client library raises for an answer that breaks off."""
    connection = http.client.HTTPConnection(host, port, timeout=60)
    try:
        connection.putrequest(method, path)
        data = b"" if body is None else json.dumps(body).encode()
        for name, value in headers + [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]:
            connection.putheader(name, value)
        connection.endheaders(data)
        answer = connection.getresponse()
        return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
    finally:
        connection.close()


def begun(stop):
    open(stop + ".begun", "w").close()


def load(url, model, clients, stop):
    outcomes = collections.Counter()
    examples = {}

    def client():
        body = {"model": model, "stream": True, "max_tokens": 10, "messages": [{"role": "user", "content": "hello"}]}
        while not os.path.exists(stop):
            try:
                status, _, text = ask(url.hostname, url.port or 80, "POST", "/v1/chat/completions", [], body)
                outcome = str(status)
                if status == 200 and not text.rstrip().endswith(b"data: [DONE]"):
                    outcome = "cut"
                if outcome != "200":
                    examples.setdefault(outcome, text[-200:].decode(errors="replace"))
            except (OSError, http.client.HTTPException) as problem:
                outcome = type(problem).__name__
            outcomes[outcome] += 1
            begun(stop)
            if outcome != "200":
                time.sleep(0.05)

    threads = [threading.Thread(target=client) for _ in range(int(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"outcomes": outcomes, "examples": examples}))


def attack(url, model, address, stop):
    seen = collections.Counter()
    body = {"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "hello"}]}
    while not os.path.exists(stop):
        for path in PATHS:
            for headers in [[(h, address)] for h in HEADERS] + [[(HEADERS[0], address)] * 2]:
                for content in (body, None):
                    method = "GET" if content is None else "POST"
                    try:
                        status, answer, text = ask(url.hostname, url.port or 80, method, path, headers, content)
                        seen["answers"] += 1
                        begun(stop)
                        if answer.get("x-served-by") == address or address.encode() in text:
                            seen["reached"] += 1
                            print(path, headers, status, answer, text[:200], file=sys.stderr)
                    except (OSError, http.client.HTTPException):
                        seen["broken"] += 1
                    if os.path.exists(stop):
                        break
    print(json.dumps({"reached": 0, "answers": 0, **seen}))


command, url, *rest = sys.argv[1:]
{"load": load, "attack": attack}[command](urllib.parse.urlparse(url), *rest)
