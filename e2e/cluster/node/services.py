"""What kube-proxy and the cluster's DNS do: Services have addresses that lead to ready endpoints, and names."""

import itertools
import os
import socket
import subprocess
import threading


class Services:
    def __init__(self, node):
        self._node = node
        self._doors = {}
        self._files = {}
        self._texts = {}

    def hosts(self, pod, ip):
        """The file that the pod has as /etc/hosts."""
        metadata = pod["metadata"]
        file = os.path.join(self._node.overlays, "hosts-" + metadata["uid"])
        open(file, "w").close()
        os.chmod(file, 0o644)
        self._files[file] = metadata["namespace"], ["127.0.0.1 localhost", "%s %s" % (ip, metadata["name"])]
        return file

    def forget(self, file):
        self._files.pop(file, None)
        self._texts.pop(file, None)

    def update(self, services, slices):
        wanted = {}
        for service in services:
            address = service["spec"].get("clusterIP")
            if address in (None, "None"):
                continue
            endpoints = ready_endpoints(service, slices)
            for port in service["spec"].get("ports", []):
                wanted[address, port["port"]] = endpoints.get(port.get("name", ""), [])
            if service["spec"]["type"] == "LoadBalancer":
                self._balance(service, address)
        for door in set(self._doors) - set(wanted):
            self._doors.pop(door).close()
        for door, endpoints in wanted.items():
            if door not in self._doors:
                self._doors[door] = Door(*door, self._node.bridge)
            self._doors[door].endpoints = endpoints
        self._write_hosts(services)

    def _balance(self, service, address):
        ingress = [{"ip": address}]
        if service.get("status", {}).get("loadBalancer", {}).get("ingress", [{}])[0].get("ip") != address:
            path = "/api/v1/namespaces/%(namespace)s/services/%(name)s/status" % service["metadata"]
            self._node.kube.patch(path, {"status": {"loadBalancer": {"ingress": ingress}}})

    def _write_hosts(self, services):
        for file, (namespace, own) in list(self._files.items()):
            lines = []
            for service in services:
                name, home = service["metadata"]["name"], service["metadata"]["namespace"]
                names = [name + "." + home + end for end in ("", ".svc", ".svc.cluster.local", ".svc.cluster.local.")]
                if home == namespace:
                    names.append(name)
                if service["spec"].get("clusterIP") not in (None, "None"):
                    lines.append(" ".join([service["spec"]["clusterIP"]] + names))
            text = "\n".join(own + sorted(lines)) + "\n"
            if text != self._texts.get(file):
                # In place: containers have this very file mounted.
                with open(file, "r+") as opened:
                    opened.write(text)
                    opened.truncate()
                self._texts[file] = text


class Door:
    """One port of a Service's address."""

    def __init__(self, address, port, bridge):
        self.endpoints = []
        self._turn = itertools.count()
        subprocess.run(["ip", "address", "replace", address + "/32", "dev", bridge], check=True)
        self._socket = socket.create_server((address, port), backlog=512)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._socket.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client):
        endpoints = self.endpoints
        for _ in endpoints:
            try:
                server = socket.create_connection(endpoints[next(self._turn) % len(endpoints)], 2)
            except OSError:
                continue
            server.settimeout(None)
            threading.Thread(target=pump, args=(server, client), daemon=True).start()
            pump(client, server)
            return
        client.close()


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def ready_endpoints(service, slices):
    """Port names to addresses."""
    found = {}
    for part in slices:
        labels = part["metadata"].get("labels", {})
        if labels.get("kubernetes.io/service-name") != service["metadata"]["name"]:
            continue
        if part["metadata"]["namespace"] != service["metadata"]["namespace"]:
            continue
        for port in part.get("ports") or []:
            for endpoint in part.get("endpoints") or []:
                if endpoint.get("conditions", {}).get("ready", True):
                    found.setdefault(port.get("name") or "", []).extend((a, port["port"]) for a in endpoint["addresses"])
    return found
