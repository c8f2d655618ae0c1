{{/* What EnvoyProxy has no field for. */}}
{{- define "pointsman.envoy.patch" -}}
{{- $manager := .Values.gateway.envoyProxy.container.shutdownManager -}}
{{- $container := dict "name" "shutdown-manager" "resources" $manager.resources -}}
{{- with $manager.image -}}{{- $_ := set $container "image" . -}}{{- end -}}
{{- $patch := dict "spec" (dict "template" (dict "spec" (dict "containers" (list $container)))) -}}
{{- toYaml (mergeOverwrite $patch (deepCopy .Values.gateway.envoyProxy.extraPatch)) -}}
{{- end -}}

{{- define "pointsman.tracing" -}}
{{- $tracing := .Values.openTelemetry -}}
{{- if $tracing.enable -}}
samplingRate: {{ int $tracing.samplingRate }}
provider:
  type: OpenTelemetry
  {{- if $tracing.host }}
  host: {{ $tracing.host }}
  port: {{ int $tracing.port }}
  {{- else }}
  backendRefs:
    - group: ""
      kind: Service
      name: {{ $tracing.serviceName }}
      namespace: {{ $tracing.namespace | default .Release.Namespace }}
      port: {{ int $tracing.port }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* The Gateway's listeners, as parents of a route. */}}
{{- define "pointsman.parentRefs" -}}
{{- $refs := list -}}
{{- range include "pointsman.gateway.listeners" . | fromYamlArray -}}
{{- $refs = append $refs (dict "group" "gateway.networking.k8s.io" "kind" "Gateway" "name" (include "pointsman.gateway.name" $) "sectionName" .) -}}
{{- end -}}
{{- toYaml $refs -}}
{{- end -}}
