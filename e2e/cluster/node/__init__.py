"""A node for the cluster that cluster.sh makes: it runs pods as processes and carries connections to Services.

What it leaves out of what nodes do: images (each is a program of this machine), limits of CPU and memory, liveness probes,
NetworkPolicies, UDP, storage that outlives a pod. It also does the scheduler's work: every pod is bound to it.
"""
