{{/* What the chart tells the plugin, as a YAML list of environment entries. */}}
{{- define "pointsman.plugin.env" -}}
{{- $plugin := .Values.gatewayPlugin -}}
{{- $buffer := include "pointsman.bytes" .Values.gateway.clientTrafficPolicy.connection.bufferLimit | int64 -}}
- name: POINTSMAN_DISCOVERY
  value: kubernetes
{{- with $plugin.discovery.namespaces }}
- name: POINTSMAN_KUBERNETES_NAMESPACES
  value: {{ join "," . | quote }}
{{- end }}
{{- with $plugin.discovery.selector }}
- name: POINTSMAN_KUBERNETES_SELECTOR
  value: {{ . | quote }}
{{- end }}
- name: POINTSMAN_KUBERNETES_INFERENCE_POOLS
  value: {{ $plugin.discovery.inferencePools | quote }}
# Envoy sends bodies of up to its buffer limit, in messages a little longer.
- name: POINTSMAN_MAX_MESSAGE_BYTES
  value: {{ add $buffer 65536 | quote }}
- name: POINTSMAN_MAX_BODY_BYTES
  value: {{ $buffer | quote }}
- name: POINTSMAN_ACCESS_LOG
  value: {{ $plugin.accessLog.enabled | quote }}
- name: POINTSMAN_DRAIN_GRACE
  value: {{ printf "%ds" (int $plugin.drain.graceSeconds) }}
- name: POINTSMAN_DRAIN_DEADLINE
  value: {{ printf "%ds" (int $plugin.drain.deadlineSeconds) }}
{{- if $plugin.tls.enabled }}
- name: POINTSMAN_TLS
  value: files
- name: POINTSMAN_TLS_CERT
  value: /etc/pointsman/tls/tls.crt
- name: POINTSMAN_TLS_KEY
  value: /etc/pointsman/tls/tls.key
{{- end }}
{{ include "pointsman.plugin.redisEnv" . }}
{{- with include "pointsman.bearerToken.secret" . }}
- {{- include "pointsman.envFromSecret" (list "AIBRIX_AUTH_BEARER_TOKEN" . "bearer-token") | nindent 2 }}
{{- end }}
{{- with $plugin.container.jvmOptions }}
- name: JAVA_TOOL_OPTIONS
  value: {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "pointsman.plugin.redisEnv" -}}
{{- $external := .Values.gatewayPlugin.dependencies.redis -}}
{{- $kind := include "pointsman.redis.kind" . -}}
{{- $url := include "pointsman.redis.url" . -}}
- name: POINTSMAN_REDIS_KEY_PREFIX
  value: {{ printf "%s/%s" .Release.Namespace .Release.Name }}
{{- if $url }}
- name: POINTSMAN_REDIS_URL
  value: {{ $url | quote }}
{{- else if ne $kind "none" }}
- name: REDIS_HOST
  value: {{ ternary $external.host (include "pointsman.redis.name" .) (eq $kind "external") | quote }}
- name: REDIS_PORT
  value: {{ ternary (int $external.port) 6379 (eq $kind "external") | quote }}
{{- end }}
{{- with include "pointsman.redis.passwordSecret" . }}
- {{- include "pointsman.envFromSecret" (list "REDIS_PASSWORD" . "redis-password") | nindent 2 }}
{{- end }}
{{- if include "pointsman.redis.caSecret" . }}
- name: POINTSMAN_REDIS_CA
  value: /etc/pointsman/redis-ca/ca.crt
{{- end }}
{{- end -}}
