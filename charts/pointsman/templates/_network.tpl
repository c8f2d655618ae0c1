{{/* The Envoys of the Gateway, wherever Envoy Gateway runs them. */}}
{{- define "pointsman.envoyPeers" -}}
- namespaceSelector: {}
  podSelector:
    matchLabels:
      gateway.envoyproxy.io/owning-gateway-name: {{ include "pointsman.gateway.name" . }}
      gateway.envoyproxy.io/owning-gateway-namespace: {{ include "pointsman.gateway.namespace" . }}
{{- end -}}

{{/* Who may read metrics. Empty: nobody. */}}
{{- define "pointsman.metricsPeers" -}}
{{- if .Values.networkPolicy.metricsFrom -}}
{{- toYaml .Values.networkPolicy.metricsFrom -}}
{{- else if include "pointsman.serviceMonitor.enabled" . -}}
- namespaceSelector: {}
{{- end -}}
{{- end -}}

{{- define "pointsman.serviceMonitor.enabled" -}}
{{- if or .Values.prometheus.serviceMonitor.enabled .Values.prometheus.enable }}true{{ end -}}
{{- end -}}

{{/* What every pod of ours needs: names, and the API server. */}}
{{- define "pointsman.commonEgress" -}}
# DNS
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
# The API server, whose address no selector can tell.
- ports:
    {{- range .Values.networkPolicy.apiServerPorts }}
    - port: {{ int . }}
    {{- end }}
{{- end -}}
