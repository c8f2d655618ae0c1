{{- define "pointsman.plugin.terminationSeconds" -}}
{{- $drain := .Values.gatewayPlugin.drain -}}
{{- $needed := add (int $drain.preStopSeconds) (int $drain.deadlineSeconds) -}}
{{- .Values.gatewayPlugin.terminationGracePeriodSeconds | default (add $needed 7) | int -}}
{{- end -}}

{{/* Flags, in order of their names, then what the operator adds, as a YAML list. */}}
{{- define "pointsman.plugin.args" -}}
{{- $args := list -}}
{{- range $flag, $value := .Values.gatewayPlugin.settings -}}
{{- if kindIs "float64" $value -}}{{- $value = ternary (int64 $value) $value (eq (float64 (int64 $value)) $value) -}}{{- end -}}
{{- $args = append $args (printf "--%s=%v" $flag $value) -}}
{{- end -}}
{{- with concat $args .Values.gatewayPlugin.extraArgs -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}

{{- define "pointsman.plugin.affinity" -}}
{{- $plugin := .Values.gatewayPlugin -}}
{{- $selector := include "pointsman.selectorLabels" (list . "gateway-plugin") | fromYaml -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" $selector) -}}
{{- if $plugin.affinity -}}
{{- toYaml $plugin.affinity -}}
{{- else if eq $plugin.podAntiAffinity "hard" -}}
{{- toYaml (dict "podAntiAffinity" (dict "requiredDuringSchedulingIgnoredDuringExecution" (list $term))) -}}
{{- else if eq $plugin.podAntiAffinity "soft" -}}
{{- toYaml (dict "podAntiAffinity" (dict "preferredDuringSchedulingIgnoredDuringExecution" (list (dict "weight" 100 "podAffinityTerm" $term)))) -}}
{{- end -}}
{{- end -}}

{{/* The most pods that there can be. */}}
{{- define "pointsman.plugin.maxReplicas" -}}
{{- if .Values.autoscaling.enabled -}}{{ int .Values.autoscaling.maxReplicas }}
{{- else if .Values.keda.enabled -}}{{ int .Values.keda.maxReplicaCount }}
{{- else -}}{{ int .Values.gatewayPlugin.replicaCount }}
{{- end -}}
{{- end -}}
