{{- define "pointsman.redis.config" -}}
{{- $redis := .Values.metadata.redis -}}
dir /data
# Else Redis without a password turns away all but its own host, unless its image says otherwise. Who may connect is the
# NetworkPolicy's matter.
protected-mode no
maxmemory {{ $redis.maxMemory }}
# A policy that evicts would drop the replicas' stream whole.
maxmemory-policy noeviction
save ""
appendonly {{ ternary "yes" "no" $redis.persistence.enabled }}
{{- if $redis.tls.enabled }}
port 0
tls-port 6379
tls-cert-file /etc/redis-tls/tls.crt
tls-key-file /etc/redis-tls/tls.key
tls-ca-cert-file /etc/redis-tls/ca.crt
tls-auth-clients no
{{- end }}
{{- end -}}
