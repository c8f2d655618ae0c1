"""Says of each policy what Envoy Gateway would say of a good one, until it is stopped.

usage: verdicts.py API_SERVER TOKEN NAMESPACE
"""

import json
import ssl
import sys
import time
import urllib.request

server, token, namespace = sys.argv[1:]
kinds = ["clienttrafficpolicies", "backendtrafficpolicies", "envoyextensionpolicies", "envoypatchpolicies"]
trust = ssl._create_unverified_context()


def call(method, path, body=None):
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/merge-patch+json"}
    data = None if body is None else json.dumps(body).encode()
    url = "%s/apis/gateway.envoyproxy.io/v1alpha1/namespaces/%s/%s" % (server, namespace, path)
    request = urllib.request.Request(url, data, headers, method=method)
    return json.load(urllib.request.urlopen(request, context=trust, timeout=10))


def verdict(kind, generation):
    types = ["Accepted", "Programmed"] if kind == "envoypatchpolicies" else ["Accepted"]
    conditions = [
        {
            "type": type,
            "status": "True",
            "reason": type,
            "message": "by verdicts.py",
            "lastTransitionTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "observedGeneration": generation,
        }
        for type in types
    ]
    ancestor = {
        "ancestorRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "pointsman"},
        "controllerName": "gateway.envoyproxy.io/gatewayclass-controller",
        "conditions": conditions,
    }
    return {"status": {"ancestors": [ancestor]}}


while True:
    for kind in kinds:
        try:
            for policy in call("GET", kind)["items"]:
                generation = policy["metadata"]["generation"]
                wanted = verdict(kind, generation)
                ancestors = policy.get("status", {}).get("ancestors")
                if not ancestors or ancestors[0]["conditions"][0]["observedGeneration"] != generation:
                    call("PATCH", "%s/%s/status" % (kind, policy["metadata"]["name"]), wanted)
        except (OSError, ValueError) as problem:
            print(kind, problem, flush=True)
    time.sleep(0.3)
