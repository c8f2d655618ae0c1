"""One pod, from its binding to its deletion, in a thread of its own."""

import os
import signal
import subprocess
import threading
import time

from .container import Container
from .kube import Refused
from .volumes import Volumes


class Pod(threading.Thread):
    def __init__(self, node, pod, ip, hosts):
        super().__init__(daemon=True)
        metadata = pod["metadata"]
        self.name, self.namespace, self.uid = metadata["name"], metadata["namespace"], metadata["uid"]
        self.spec = pod["spec"]
        self.ip = ip
        self.hosts = hosts
        self.kube = node.kube
        self.api_server = node.api_server
        self.has_users = node.has_users
        self.network = "pod-" + self.uid[:8]
        self.folder = os.path.join(node.overlays, self.uid)
        self._node = node
        self._path = "/api/v1/namespaces/%s/pods/%s" % (self.namespace, self.name)
        self._pod = pod
        self._grace = None
        self._told = None
        self.volumes = Volumes(self.kube, pod, os.path.join(self.folder, "volumes"))
        self._first = [Container(self, c, node.image(c["image"])) for c in self.spec.get("initContainers", [])]
        self._containers = [Container(self, c, node.image(c["image"])) for c in self.spec["containers"]]

    def current(self):
        """As the API server has it, with its address, which it may not have yet."""
        status = {**self._pod.get("status", {}), "podIP": self.ip, "hostIP": self._node.address}
        return {**self._pod, "status": status}

    def log(self, container):
        return os.path.join(self._node.logs, "%s.%s.%s.log" % (self.namespace, self.name, container))

    def end(self, grace):
        """It is being deleted, with so many seconds of grace."""
        self._grace = grace

    def run(self):
        try:
            if self._prepare() and self._run_first():
                for container in self._containers:
                    container.start()
                self._watch()
            self._stop()
        except Exception as failure:
            self._node.say("pod %s/%s: %s: %s" % (self.namespace, self.name, type(failure).__name__, failure))
            self._stop()
            self._report({"phase": "Failed", "reason": "Node", "message": str(failure)})
            while self._grace is None:
                time.sleep(0.2)
        self._leave()

    def _prepare(self):
        """Waits for its volumes, as a kubelet does. False if it is deleted meanwhile."""
        make_network(self.network, self.ip, self._node.bridge, self._node.address)
        os.makedirs(self.folder)
        os.chmod(self.folder, 0o755)
        while self._grace is None:
            try:
                self.volumes.make()
                return True
            except Refused as refused:
                self._report({"phase": "Pending", "reason": "Volumes", "message": str(refused)})
                time.sleep(0.5)
        return False

    def _run_first(self):
        for container in self._first:
            container.start()
            while container.exit_code is None and self._grace is None:
                time.sleep(0.1)
            if container.exit_code != 0:
                raise ValueError("init container %s ended with %s" % (container.name, container.exit_code))
        return self._grace is None

    def _watch(self):
        refresh = 0
        while self._grace is None:
            ended = [c for c in self._containers if c.exit_code is not None]
            if self.spec.get("restartPolicy", "Always") != "Always":
                if len(ended) == len(self._containers):
                    failed = any(c.exit_code for c in ended)
                    self._tell("Failed" if failed else "Succeeded")
                    self._wait_for_deletion()
                    return
            else:
                for container in ended:
                    container.restart()
            self._tell("Running")
            if time.monotonic() >= refresh:
                # A kubelet takes up to a minute and a half.
                refresh = time.monotonic() + 1
                try:
                    self.volumes.refresh()
                except Refused as refused:
                    self._node.say("pod %s/%s: %s" % (self.namespace, self.name, refused))
            time.sleep(0.25)

    def _wait_for_deletion(self):
        while self._grace is None:
            time.sleep(0.2)

    def _stop(self):
        end = time.monotonic() + (30 if self._grace is None else self._grace)
        running = [c for c in self._containers if c.state().get("running") is not None]
        hooks = [threading.Thread(target=stop, args=(c,), daemon=True) for c in running]
        for hook in hooks:
            hook.start()
        while time.monotonic() < end and any(c.exit_code is None for c in running):
            time.sleep(0.1)
        for container in running:
            if container.exit_code is None:
                self._node.say("pod %s/%s: %s is killed" % (self.namespace, self.name, container.name))
                container.terminate(signal.SIGKILL)

    def _leave(self):
        subprocess.run(["ip", "netns", "delete", self.network], check=False)
        try:
            self.kube.delete(self._path, {"gracePeriodSeconds": 0, "preconditions": {"uid": self.uid}})
        except Refused as refused:
            if refused.status not in (404, 409):
                self._node.say("pod %s/%s: %s" % (self.namespace, self.name, refused))
        self._node.left(self)

    def _tell(self, phase):
        statuses = [c.status(c.is_ready()) for c in self._containers]
        ready = phase == "Running" and all(s["ready"] for s in statuses)
        truth = lambda value: "True" if value else "False"
        conditions = {"PodScheduled": True, "Initialized": True, "ContainersReady": ready, "Ready": ready}
        self._report(
            {
                "phase": phase,
                "hostIP": self._node.address,
                "podIP": self.ip,
                "podIPs": [{"ip": self.ip}],
                "conditions": [{"type": t, "status": truth(v)} for t, v in conditions.items()],
                "containerStatuses": statuses,
            }
        )

    def _report(self, status):
        if status == self._told:
            return
        try:
            self.kube.patch(self._path + "/status", {"status": status})
            self._told = status
        except Refused as refused:
            if refused.status != 404:
                raise


def stop(container):
    container.pre_stop()
    container.terminate()


def make_network(name, ip, bridge, gateway):
    outside = name.replace("pod-", "v")
    for command in (
        "netns add %s" % name,
        "link add %s type veth peer name eth0 netns %s" % (outside, name),
        "link set %s master %s up" % (outside, bridge),
        "-n %s link set lo up" % name,
        "-n %s address add %s/16 dev eth0" % (name, ip),
        "-n %s link set eth0 up" % name,
        "-n %s route add default via %s" % (name, gateway),
    ):
        subprocess.run(["ip"] + command.split(), check=True)
