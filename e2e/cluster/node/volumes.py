"""The folders that a pod's containers mount. Those of ConfigMaps and Secrets change as a kubelet changes them: all at once."""

import base64
import itertools
import os
import shutil

from .kube import Refused


class Volumes:
    def __init__(self, kube, pod, folder):
        self._kube = kube
        self._pod = pod
        self._namespace = pod["metadata"]["namespace"]
        self._folder = folder
        self._numbers = itertools.count()
        self._volumes = {v["name"]: v for v in pod["spec"].get("volumes", [])}
        self._contents = {}
        self._tokens = {}

    def path(self, name):
        return os.path.join(self._folder, name)

    def make(self):
        for name, volume in self._volumes.items():
            os.makedirs(self.path(name), exist_ok=True)
            os.chmod(self.path(name), 0o777)
        self.refresh()

    def refresh(self):
        """Brings those that show objects up to date. Raises Refused if one is not there."""
        for name, volume in self._volumes.items():
            contents = self._read(volume)
            if contents is not None and contents != self._contents.get(name):
                self._publish(self.path(name), contents)
                self._contents[name] = contents

    def _read(self, volume):
        """Path below the volume to bytes; None for a folder that the pod fills itself."""
        if "configMap" in volume:
            return self._config_map(volume["configMap"], "name")
        if "secret" in volume:
            return self._secret(volume["secret"], "secretName")
        if "downwardAPI" in volume:
            return self._downward(volume["downwardAPI"])
        if "projected" in volume:
            contents = {}
            for source in volume["projected"]["sources"]:
                contents.update(self._projected(source))
            return contents
        if "emptyDir" in volume or "persistentVolumeClaim" in volume:
            return None
        raise ValueError("a volume of another kind: %s" % volume)

    def _projected(self, source):
        if "serviceAccountToken" in source:
            wanted = source["serviceAccountToken"]
            return {wanted["path"]: self._token(wanted)}
        if "configMap" in source:
            return self._config_map(source["configMap"], "name")
        if "secret" in source:
            return self._secret(source["secret"], "name")
        if "downwardAPI" in source:
            return self._downward(source["downwardAPI"])
        raise ValueError("a source of another kind: %s" % source)

    def _token(self, wanted):
        audience = wanted.get("audience")
        if audience not in self._tokens:
            account = self._pod["spec"].get("serviceAccountName", "default")
            path = "/api/v1/namespaces/%s/serviceaccounts/%s/token" % (self._namespace, account)
            spec = {"audiences": [audience]} if audience else {}
            self._tokens[audience] = self._kube.post(path, {"spec": spec})["status"]["token"].encode()
        return self._tokens[audience]

    def _config_map(self, source, key):
        data = self._object("configmaps", source, key)
        texts = {name: text.encode() for name, text in data.get("data", {}).items()}
        texts.update({name: base64.b64decode(text) for name, text in data.get("binaryData", {}).items()})
        return select(texts, source.get("items"))

    def _secret(self, source, key):
        data = self._object("secrets", source, key)
        return select({name: base64.b64decode(text) for name, text in data.get("data", {}).items()}, source.get("items"))

    def _object(self, kind, source, key):
        try:
            return self._kube.get("/api/v1/namespaces/%s/%s/%s" % (self._namespace, kind, source[key]))
        except Refused as refused:
            if refused.status == 404 and source.get("optional"):
                return {}
            raise

    def _downward(self, source):
        return {item["path"]: field(self._pod, item["fieldRef"]["fieldPath"]).encode() for item in source["items"]}

    def _publish(self, folder, contents):
        version = "..%d" % next(self._numbers)
        for path, data in contents.items():
            file = os.path.join(folder, version, path)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "wb") as opened:
                opened.write(data)
        os.makedirs(os.path.join(folder, version), exist_ok=True)
        current = os.path.join(folder, "..data")
        before = os.readlink(current) if os.path.islink(current) else None
        os.symlink(version, current + ".new")
        os.rename(current + ".new", current)
        names = {path.split("/")[0] for path in contents}
        for name in names:
            link = os.path.join(folder, name)
            if not os.path.islink(link):
                os.symlink(os.path.join("..data", name), link)
        for name in os.listdir(folder):
            if not name.startswith("..") and name not in names:
                os.unlink(os.path.join(folder, name))
        if before:
            shutil.rmtree(os.path.join(folder, before))


def select(contents, items):
    if items is None:
        return contents
    return {item["path"]: contents[item["key"]] for item in items}


def field(pod, path):
    """What the downward API says; of metadata, spec and status what pods here ask for."""
    if path.startswith("metadata.annotations['"):
        return pod["metadata"].get("annotations", {}).get(path[len("metadata.annotations['") : -2], "")
    if path.startswith("metadata.labels['"):
        return pod["metadata"].get("labels", {}).get(path[len("metadata.labels['") : -2], "")
    value = pod
    for part in path.split("."):
        value = value.get(part, "")
    return str(value)
