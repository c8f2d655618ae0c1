"""One container: a process in its pod's network, with a root file system and an environment of its own."""

import base64
import os
import re
import shlex
import signal
import socket
import subprocess
import time
import urllib.request

from .kube import Refused
from .volumes import field


class Container:
    def __init__(self, pod, spec, image):
        self.spec = spec
        self.name = spec["name"]
        self.restarts = 0
        self._pod = pod
        self._image = image
        self._process = None
        self._probes = {}
        self._started_once = False

    @property
    def exit_code(self):
        """None while it runs."""
        return None if self._process is None else self._process.poll()

    def start(self):
        folder = os.path.join(self._pod.folder, "containers", "%s-%d" % (self.name, self.restarts))
        for part in ("upper", "work", "root"):
            os.makedirs(os.path.join(folder, part))
        os.chmod(os.path.join(folder, "upper"), 0o755)
        environment = self._environment()
        command = ["ip", "netns", "exec", self._pod.network, "unshare", "--uts", "sh", "-ec", self._script(folder), "sh", "env", "-i"]
        command += ["%s=%s" % variable for variable in environment.items()] + self._words(environment)
        with open(self._pod.log(self.name), "ab") as log:
            # Programs open /dev/stdout too.
            os.chmod(log.name, 0o666)
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={}, start_new_session=True
            )
        self._probes = {kind: Probe(self, self.spec[kind]) for kind in ("startupProbe", "readinessProbe") if kind in self.spec}

    def restart(self):
        self.restarts += 1
        self.start()

    def is_ready(self):
        if self._process is None or self.exit_code is not None:
            return False
        startup = self._probes.get("startupProbe")
        if startup and not startup.has_held and not startup.holds():
            return False
        readiness = self._probes.get("readinessProbe")
        return readiness is None or readiness.holds()

    def pre_stop(self):
        hook = self.spec.get("lifecycle", {}).get("preStop", {})
        if "sleep" in hook:
            time.sleep(hook["sleep"]["seconds"])
        elif "exec" in hook:
            inside = ["nsenter", "--target", str(self._process.pid), "--mount", "--net", "--root", "--wd"]
            subprocess.run(inside + hook["exec"]["command"], stdin=subprocess.DEVNULL, check=False)
        elif "httpGet" in hook:
            get(self._pod.ip, self._number(hook["httpGet"]["port"]), hook["httpGet"].get("path", "/"), 60)

    def terminate(self, number=signal.SIGTERM):
        if self._process is not None and self.exit_code is None:
            self._process.send_signal(number)

    def state(self):
        if self._process is None:
            return {"waiting": {"reason": "PodInitializing"}}
        if self.exit_code is None:
            return {"running": {}}
        reason = "Completed" if self.exit_code == 0 else "Error"
        return {"terminated": {"exitCode": self.exit_code % 256, "reason": reason}}

    def status(self, ready):
        return {
            "name": self.name,
            "image": self.spec["image"],
            "imageID": self.spec["image"],
            "containerID": "node://%s/%s/%d" % (self._pod.uid, self.name, self.restarts),
            "ready": ready,
            "started": ready,
            "restartCount": self.restarts,
            "state": self.state(),
        }

    def _words(self, environment):
        words = self.spec.get("command", self._image["entrypoint"]) + self.spec.get("args", [])
        return [expand(word, environment) for word in words]

    def _script(self, folder):
        """Makes the root file system out of this machine's own, and runs there what it is given."""
        root = os.path.join(folder, "root")
        lines = [
            "echo %s >/proc/sys/kernel/hostname" % self._pod.name,
            "mount -t overlay overlay -o lowerdir=/,upperdir=%s/upper,workdir=%s/work %s" % (folder, folder, root),
            *("mount --rbind /%s %s/%s" % (kernel, root, kernel) for kernel in ("proc", "sys", "dev")),
        ]
        bind = lambda source, target: lines.append(bind_line(source, root + target, os.path.isdir(source)))
        bind(self._pod.hosts, "/etc/hosts")
        lines.append("mkdir -p %s/run %s/var" % (root, root))
        for target, source in self._image["files"].items():
            bind(source, target)
        for mount in self.spec.get("volumeMounts", []):
            source = os.path.join(self._pod.volumes.path(mount["name"]), mount.get("subPath", "")).rstrip("/")
            target = re.sub("^/var/run/", "/run/", mount["mountPath"].rstrip("/"))
            bind(source, target)
        if self.spec.get("securityContext", {}).get("readOnlyRootFilesystem"):
            lines.append("mount -o remount,ro,bind %s" % root)
        lines.append('exec chroot %s %s "$@"' % (self._user(), root))
        return "\n".join(lines)

    def _user(self):
        security = {**self._pod.spec.get("securityContext", {}), **self.spec.get("securityContext", {})}
        user = security.get("runAsUser")
        # Where all this runs as a user who is root here only, there are no others.
        if user is None or not self._pod.has_users:
            return ""
        return "--userspec=%d:%d" % (user, security.get("runAsGroup", user))

    def _environment(self):
        variables = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOSTNAME": self._pod.name}
        variables.update(self._image.get("environment", {}))
        variables["KUBERNETES_SERVICE_HOST"], variables["KUBERNETES_SERVICE_PORT"] = self._pod.api_server
        for source in self.spec.get("envFrom", []):
            raise ValueError("envFrom is not known here: %s" % source)
        for entry in self.spec.get("env", []):
            value = self._value(entry)
            if value is not None:
                variables[entry["name"]] = expand(value, variables)
        return variables

    def _value(self, entry):
        source = entry.get("valueFrom")
        if source is None:
            return entry.get("value", "")
        if "fieldRef" in source:
            return field(self._pod.current(), source["fieldRef"]["fieldPath"])
        if "resourceFieldRef" in source:
            return "0"
        kind = "secret" if "secretKeyRef" in source else "configMap"
        reference = source[kind + "KeyRef"]
        try:
            data = self._pod.kube.get(
                "/api/v1/namespaces/%s/%ss/%s" % (self._pod.namespace, kind.lower(), reference["name"])
            )["data"][reference["key"]]
        except (Refused, KeyError):
            if reference.get("optional"):
                return None
            raise
        return base64.b64decode(data).decode() if kind == "secret" else data

    def _number(self, port):
        if isinstance(port, int):
            return port
        return next(p["containerPort"] for p in self.spec["ports"] if p.get("name") == port)


class Probe:
    """Asked at most each second, whatever period is set; holds at once when it holds, no longer after its threshold."""

    def __init__(self, container, spec):
        self.has_held = False
        self._container = container
        self._spec = spec
        self._next = 0
        self._failures = 0
        self._held = False

    def holds(self):
        now = time.monotonic()
        if now >= self._next:
            self._next = now + 1
            if self._ask():
                self._held = self.has_held = True
                self._failures = 0
            else:
                self._failures += 1
                if self._failures >= self._spec.get("failureThreshold", 3):
                    self._held = False
        return self._held

    def _ask(self):
        limit = self._spec.get("timeoutSeconds", 1)
        handler = self._spec.get("httpGet") or self._spec.get("tcpSocket")
        if handler is None:
            raise ValueError("a probe of another kind: %s" % self._spec)
        port = self._container._number(handler["port"])
        return get(self._container._pod.ip, port, handler.get("path", "/") if "httpGet" in self._spec else None, limit)


def get(host, port, path, limit):
    """Whether it answers; without a path, whether it takes a connection."""
    try:
        if path is None:
            socket.create_connection((host, port), limit).close()
            return True
        with urllib.request.urlopen("http://%s:%d%s" % (host, port, path), timeout=limit) as answer:
            return answer.status < 400
    except OSError:
        return False


def bind_line(source, target, folder):
    source, target = shlex.quote(source), shlex.quote(target)
    make = "mkdir -p %s" % target if folder else "mkdir -p $(dirname %s) && touch %s" % (target, target)
    return "%s && mount --bind %s %s" % (make, source, target)


def expand(text, variables):
    """$(NAME) as Kubernetes writes it; $$ stands for a dollar sign."""
    replaced = lambda match: "$" if match[0] == "$$" else variables.get(match[1], match[0])
    return re.sub(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)", replaced, text)
