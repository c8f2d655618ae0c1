{{/* Fills in what an older version's values lack. To be included first in every file that renders something. */}}
{{- define "pointsman.init" -}}
{{- if ne (toString .Values.valuesVersion) .Chart.Version -}}
{{- include "pointsman.fill" (dict "into" .Values "from" (.Files.Get "defaults.yaml" | fromYaml)) -}}
{{- $_ := set .Values "valuesVersion" .Chart.Version -}}
{{- end -}}
{{- end -}}

{{/* Not by the function merge, which takes false and 0 for absent. */}}
{{- define "pointsman.fill" -}}
{{- $into := .into -}}
{{- range $key, $value := .from -}}
{{- if not (hasKey $into $key) -}}
{{- $_ := set $into $key $value -}}
{{- else if and (kindIs "map" $value) (kindIs "map" (get $into $key)) -}}
{{- include "pointsman.fill" (dict "into" (get $into $key) "from" $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Begins every name. Short enough for what is appended. */}}
{{- define "pointsman.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if .Values.nameOverride -}}
{{- printf "%s-%s" .Release.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "pointsman.plugin.name" -}}{{ include "pointsman.fullname" . }}-gateway-plugin{{- end -}}
{{- define "pointsman.controller.name" -}}{{ include "pointsman.fullname" . }}-xds-controller{{- end -}}
{{- define "pointsman.redis.name" -}}{{ include "pointsman.fullname" . }}-redis-master{{- end -}}
{{- define "pointsman.modelsRoute.name" -}}{{ include "pointsman.fullname" . }}-models{{- end -}}
{{- define "pointsman.modelPods.name" -}}{{ include "pointsman.fullname" . }}-model-pods{{- end -}}

{{- define "pointsman.plugin.serviceAccount" -}}
{{- $account := .Values.gatewayPlugin.serviceAccount -}}
{{- $account.name | default (ternary (include "pointsman.plugin.name" .) "default" $account.create) -}}
{{- end -}}

{{- define "pointsman.controller.serviceAccount" -}}
{{- $account := .Values.xdsController.serviceAccount -}}
{{- $account.name | default (ternary (include "pointsman.controller.name" .) "default" $account.create) -}}
{{- end -}}

{{/* The Gateway: the chart's, or one that is there already. Routes and policies are in its namespace. */}}
{{- define "pointsman.gateway.name" -}}
{{- .Values.gateway.existing.name | default (include "pointsman.fullname" .) -}}
{{- end -}}

{{- define "pointsman.gateway.namespace" -}}
{{- ternary (.Values.gateway.existing.namespace | default .Release.Namespace) .Release.Namespace (not (empty .Values.gateway.existing.name)) -}}
{{- end -}}

{{/* As a YAML list. */}}
{{- define "pointsman.gateway.listeners" -}}
{{- if .Values.gateway.existing.name -}}
{{- toYaml .Values.gateway.existing.listeners -}}
{{- else -}}
{{- $listeners := list -}}
{{- if .Values.gateway.http.enabled }}{{ $listeners = append $listeners "http" }}{{ end -}}
{{- if .Values.gateway.tls.enabled }}{{ $listeners = append $listeners "https" }}{{ end -}}
{{- toYaml $listeners -}}
{{- end -}}
{{- end -}}

{{/* A host name that the routes take. Empty: any. */}}
{{- define "pointsman.gateway.host" -}}
{{- first .Values.gateway.httpRoute.hostnames | default .Values.gateway.tls.hostname | default "" | replace "*" "any" -}}
{{- end -}}

{{/* Cluster-wide, so with the namespace: two releases of one name may live in one cluster. */}}
{{- define "pointsman.gatewayClass.name" -}}
{{- .Values.gateway.gatewayClass.name | default (printf "%s-%s" .Release.Namespace (include "pointsman.fullname" .) | trimPrefix "-") -}}
{{- end -}}

{{- define "pointsman.gateway.tlsSecret" -}}
{{- .Values.gateway.tls.secretName | default (printf "%s-gateway-tls" (include "pointsman.fullname" .)) -}}
{{- end -}}

{{/* In Envoy Gateway's namespace, so with the release's. */}}
{{- define "pointsman.envoy.service" -}}
{{- .Values.gateway.envoyProxy.service.name | default (printf "%s-%s-envoy" .Release.Namespace (include "pointsman.fullname" .) | trunc 63 | trimSuffix "-") -}}
{{- end -}}

{{- define "pointsman.plugin.tlsSecret" -}}
{{- .Values.gatewayPlugin.tls.existingSecret | default (printf "%s-tls" (include "pointsman.plugin.name" .)) -}}
{{- end -}}

{{- define "pointsman.redis.tlsSecret" -}}
{{- .Values.metadata.redis.tls.existingSecret | default (printf "%s-tls" (include "pointsman.redis.name" .)) -}}
{{- end -}}

{{/* Labels of a selector: never changed. Call with (list . "component"). */}}
{{- define "pointsman.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: pointsman
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Name, labels and annotations of an object. Call with (dict "root" . "name" … "component" …), and with "namespace",
"annotations", "labels" where wanted. */}}
{{- define "pointsman.metadata" -}}
{{- $root := .root -}}
name: {{ .name }}
namespace: {{ .namespace | default $root.Release.Namespace }}
{{ include "pointsman.labelsAndAnnotations" . }}
{{- end -}}

{{/* The same for an object without namespace. */}}
{{- define "pointsman.clusterMetadata" -}}
name: {{ .name }}
{{ include "pointsman.labelsAndAnnotations" . }}
{{- end -}}

{{- define "pointsman.labelsAndAnnotations" -}}
{{- $root := .root -}}
labels:
  {{- include "pointsman.selectorLabels" (list $root .component) | nindent 2 }}
  app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
  app.kubernetes.io/part-of: pointsman
  app.kubernetes.io/managed-by: {{ $root.Release.Service }}
  helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name ($root.Chart.Version | replace "+" "_") }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with $root.Values.commonLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- $annotations := merge (dict) (.annotations | default dict) $root.Values.commonAnnotations }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
