{{/* Keys of AIBrix's chart for parts that are not here, as far as the values set them, as a YAML list. */}}
{{- define "pointsman.withoutEffect" -}}
{{- $found := list -}}
{{- range $path := list "certmanager" "controllerManager" "crd" "gateway.envoySideCar" "gatewayPlugin.initContainer" "gpuOptimizer" "metadata.service" "metadata.serviceAccount" "webhook" -}}
{{- $node := $.Values -}}
{{- range splitList "." $path -}}{{- $node = get ($node | default dict) . -}}{{- end -}}
{{- if $node -}}{{- $found = append $found $path -}}{{- end -}}
{{- end -}}
{{- with $found -}}{{- toYaml . -}}{{- end -}}
{{- end -}}

{{/* Values that replace a Secret which the chart makes up, as a YAML list. */}}
{{- define "pointsman.madeSecrets" -}}
{{- $values := list -}}
{{- $redis := .Values.metadata.redis -}}
{{- if and .Values.secrets.create (not .Values.existingMasterKeySecret) (not .Values.secrets.existingSecret) -}}
{{- $values = append $values "existingMasterKeySecret" -}}
{{- end -}}
{{- if eq (include "pointsman.redis.kind" .) "own" -}}
{{- if and (eq (include "pointsman.redis.passwordSecret" .) (printf "%s-redis" (include "pointsman.fullname" .))) (not $redis.password) -}}
{{- $values = append $values "metadata.redis.existingSecret" -}}
{{- end -}}
{{- if and $redis.tls.enabled (not $redis.tls.existingSecret) -}}
{{- $values = append $values "metadata.redis.tls.existingSecret" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.gatewayPlugin.tls.enabled (not .Values.gatewayPlugin.tls.existingSecret) -}}
{{- $values = append $values "gatewayPlugin.tls.existingSecret" -}}
{{- end -}}
{{- if and .Values.gateway.enable (not .Values.gateway.existing.name) .Values.gateway.tls.enabled .Values.gateway.tls.autoGenerate -}}
{{- $values = append $values "gateway.tls.secretName" -}}
{{- end -}}
{{- with $values -}}{{- toYaml . -}}{{- end -}}
{{- end -}}
