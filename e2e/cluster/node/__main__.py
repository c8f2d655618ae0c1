"""usage: python3 -m node API_SERVER TOKEN AUTHORITY IMAGES ADDRESS BRIDGE OVERLAYS LOGS

IMAGES is a file of JSON: an image's name, without registry and tag, to {"entrypoint": [...], "files": {path there: path here},
"environment": {...}}.
"""

import itertools
import json
import os
import sys
import time

from .kube import Kube, Refused
from .pod import Pod
from .services import Services

NAME = "pointsman-node"


class Node:
    def __init__(self, kube, api_server, images, address, bridge, overlays, logs):
        self.kube = kube
        self.api_server = api_server
        self.address, self.bridge, self.overlays, self.logs = address, bridge, overlays, logs
        with open("/proc/self/uid_map") as users:
            self.has_users = int(users.read().split()[2]) > 65536
        self._images = images
        self._pods = {}
        self._addresses = itertools.count(1)
        self._services = Services(self)

    def say(self, text):
        print(time.strftime("%H:%M:%S"), text, flush=True)

    def image(self, name):
        repository = name.split("@")[0].rsplit(":", 1)[0]
        found = [i for key, i in self._images.items() if repository == key or repository.endswith("/" + key)]
        if not found:
            raise ValueError("no program stands for the image %s" % name)
        return {"files": {}, **found[0]}

    def left(self, pod):
        self._pods.pop(pod.uid, None)
        self._services.forget(pod.hosts)

    def run(self):
        self._register()
        while True:
            try:
                self._look()
            except (Refused, OSError) as problem:
                self.say("the API server: %s" % problem)
            time.sleep(0.3)

    def _register(self):
        """Pods of a node that is not known get no place in EndpointSlices."""
        try:
            self.kube.post("/api/v1/nodes", {"metadata": {"name": NAME}})
        except Refused as refused:
            if refused.status != 409:
                raise

    def _look(self):
        slices = self.kube.items("/apis/discovery.k8s.io/v1/endpointslices")
        self._services.update(self.kube.items("/api/v1/services"), slices)
        seen = set()
        for pod in self.kube.items("/api/v1/pods"):
            uid = pod["metadata"]["uid"]
            seen.add(uid)
            if not pod["spec"].get("nodeName"):
                self._bind(pod)
            elif pod["spec"]["nodeName"] == NAME and uid not in self._pods:
                self._start(pod)
            if "deletionTimestamp" in pod["metadata"] and uid in self._pods:
                self._pods[uid].end(pod["metadata"]["deletionGracePeriodSeconds"])
        for uid in set(self._pods) - seen:
            # Deleted by force.
            self._pods[uid].end(0)

    def _bind(self, pod):
        metadata = pod["metadata"]
        path = "/api/v1/namespaces/%s/pods/%s/binding" % (metadata["namespace"], metadata["name"])
        try:
            self.kube.post(path, {"metadata": {"name": metadata["name"]}, "target": {"kind": "Node", "name": NAME}})
        except Refused as refused:
            self.say("binding %s: %s" % (metadata["name"], refused))

    def _start(self, pod):
        number = next(self._addresses)
        ip = "%s.%d.%d" % (".".join(self.address.split(".")[:2]), 1 + number // 250, 1 + number % 250)
        hosts = self._services.hosts(pod, ip)
        try:
            runner = Pod(self, pod, ip, hosts)
        except (ValueError, KeyError) as problem:
            self.say("pod %s cannot run: %s" % (pod["metadata"]["name"], problem))
            return
        self._pods[runner.uid] = runner
        runner.start()


def main(server, token, authority, images, address, bridge, overlays, logs):
    with open(images) as file:
        known = json.load(file)
    os.makedirs(logs, exist_ok=True)
    host, port = server.split("//")[1].split(":")
    Node(Kube(server, token, authority), (host, port), known, address, bridge, overlays, logs).run()


if len(sys.argv) != 9:
    sys.exit(__doc__)
main(*sys.argv[1:])
