"""The API server, as far as a node needs it."""

import http.client
import json
import ssl
import threading
import urllib.parse

MERGE = "application/merge-patch+json"


class Refused(Exception):
    """An answer that is not 2xx."""

    def __init__(self, status, body):
        super().__init__("%d %s" % (status, body[:300]))
        self.status = status


class Kube:
    """Thread-safe: each thread has a connection of its own."""

    def __init__(self, server, token, authority):
        url = urllib.parse.urlparse(server)
        self._address = url.hostname, url.port
        self._trust = ssl.create_default_context(cafile=authority)
        self._headers = {"Authorization": "Bearer " + token, "Accept": "application/json"}
        self._threads = threading.local()

    def get(self, path):
        return self._call("GET", path)

    def items(self, path):
        return self.get(path)["items"]

    def post(self, path, body):
        return self._call("POST", path, body)

    def patch(self, path, body):
        return self._call("PATCH", path, body, MERGE)

    def delete(self, path, body):
        return self._call("DELETE", path, body)

    def _call(self, method, path, body=None, content="application/json"):
        headers = dict(self._headers)
        data = None
        if body is not None:
            data = json.dumps(body)
            headers["Content-Type"] = content
        for attempt in (1, 2):
            connection = getattr(self._threads, "connection", None)
            if connection is None:
                connection = http.client.HTTPSConnection(*self._address, timeout=30, context=self._trust)
                self._threads.connection = connection
            try:
                connection.request(method, path, data, headers)
                answer = connection.getresponse()
                text = answer.read().decode()
                break
            except (OSError, http.client.HTTPException):
                # A connection that was kept open may be closed by the other side at any time.
                connection.close()
                self._threads.connection = None
                if attempt == 2:
                    raise
        if answer.status >= 300:
            raise Refused(answer.status, text)
        return json.loads(text)
