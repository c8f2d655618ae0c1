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
{{- if $plugin.auth.apiKeysSecret }}
- name: POINTSMAN_API_KEYS_FILE
  value: /etc/pointsman/api-keys/api-keys.yaml
{{- end }}
- name: POINTSMAN_REQUIRE_API_KEY
  value: {{ $plugin.auth.requireApiKey | quote }}
{{- with include "pointsman.masterKey.secret" . }}
- {{- include "pointsman.envFromSecret" (list "POINTSMAN_MASTER_KEY" . "master-key") | nindent 2 }}
{{- end }}
- name: POINTSMAN_MAX_IN_FLIGHT_PER_POD
  value: {{ int64 $plugin.maxInFlightPerPod | quote }}
# Envoy waits so long for an answer, a prefill included.
- name: POINTSMAN_MESSAGE_TIMEOUT
  value: {{ $plugin.messageTimeout }}
{{- if not (hasKey $plugin.settings "prefill-deadline") }}
- name: POINTSMAN_PREFILL_DEADLINE
  value: {{ printf "%dms" (include "pointsman.plugin.prefillMillis" . | int64) }}
{{- end }}
{{- with include "pointsman.plugin.jvmOptions" . }}
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
{{- end -}}

{{/* The longest that a request waits for its prefill: what the settings say, or 30 s, or three quarters of a shorter message timeout. */}}
{{- define "pointsman.plugin.prefillMillis" -}}
{{- $plugin := .Values.gatewayPlugin -}}
{{- if hasKey $plugin.settings "prefill-deadline" -}}
{{- include "pointsman.millis" (get $plugin.settings "prefill-deadline") -}}
{{- else -}}
{{- min 30000 (div (mul 3 (include "pointsman.millis" $plugin.messageTimeout | int64)) 4) -}}
{{- end -}}
{{- end -}}

{{- define "pointsman.plugin.jvmOptions" -}}
{{- $options := list -}}
{{- if include "pointsman.redis.caSecret" . -}}
{{- $options = list "-Djavax.net.ssl.trustStore=/etc/pointsman/trust/redis.p12" "-Djavax.net.ssl.trustStorePassword=changeit" -}}
{{- end -}}
{{- with .Values.gatewayPlugin.container.jvmOptions -}}{{- $options = append $options . -}}{{- end -}}
{{- join " " $options -}}
{{- end -}}
