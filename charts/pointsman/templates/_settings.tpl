{{/* The controller's settings file, section by section as xds-controller's settings.example.yaml has them. */}}
{{- define "pointsman.settings" -}}
{{- $plugin := .Values.gatewayPlugin -}}
{{- $gateway := .Values.gateway -}}
{{- $name := include "pointsman.fullname" . -}}
clientTrafficPolicy:
  {{- toYaml $gateway.clientTrafficPolicy | nindent 2 }}
backendTrafficPolicy:
  {{- toYaml $gateway.backendTrafficPolicy | nindent 2 }}
envoyPatchPolicy:
  {{- toYaml $gateway.envoyPatchPolicy | nindent 2 }}
gatewayPlugin:
  {{- toYaml (pick $plugin "messageTimeout" "failOpen" "statusOnError" "processingMode" "extProc") | nindent 2 }}
  # Envoy Gateway's policies cannot let the plugin ask for more time.
  maxMessageTimeout: 0s
accessLog:
  {{- toYaml $plugin.accessLog | nindent 2 }}
gateway:
  enabled: {{ $gateway.enable }}
  name: {{ include "pointsman.gateway.name" . }}
  namespace: {{ include "pointsman.gateway.namespace" . }}
  listeners:
    {{- include "pointsman.gateway.listeners" . | nindent 4 }}
  shared: {{ not (empty $gateway.existing.name) }}
  namePrefix: {{ $name }}
  labels:
    {{- $labels := include "pointsman.selectorLabels" (list . "policy") | fromYaml -}}
    {{- toYaml (merge (dict) $labels .Values.commonLabels) | nindent 4 }}
  httpRoutes:
    - {{ $name }}
  plainHttpRoutes:
    - {{ include "pointsman.modelsRoute.name" . }}
  pluginService:
    name: {{ include "pointsman.plugin.name" . }}
    namespace: {{ .Release.Namespace }}
    port: 50052
  owner:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "pointsman.controller.name" . }}
    namespace: {{ .Release.Namespace }}
  destination: {{ $gateway.destination }}
  modelPods:
    service: {{ include "pointsman.modelPods.name" . }}
    portName: http
    namespaces:
      {{- include "pointsman.modelNamespaces" . | nindent 6 }}
    {{- with $plugin.discovery.selector }}
    selector: {{ . | quote }}
    {{- end }}
  {{- $services := list }}
  {{- range $gateway.modelServices }}{{ $services = append $services .name }}{{ end }}
  modelServices:
    {{- toYaml $services | nindent 4 }}
{{- end -}}

{{/* Where model pods are, as a YAML list. */}}
{{- define "pointsman.modelNamespaces" -}}
{{- toYaml (.Values.gatewayPlugin.discovery.namespaces | default (list .Release.Namespace)) -}}
{{- end -}}
