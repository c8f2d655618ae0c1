{{/* What the chart tells the controller, as a YAML list of environment entries. */}}
{{- define "pointsman.controller.env" -}}
- name: POINTSMAN_XDS_SETTINGS
  value: /etc/pointsman/settings.yaml
- name: POINTSMAN_XDS_LEADER_ELECTION_LEASE
  value: {{ .Release.Namespace }}/{{ include "pointsman.controller.name" . }}
{{- with .Values.xdsController.container.jvmOptions }}
- name: JAVA_TOOL_OPTIONS
  value: {{ . | quote }}
{{- end }}
{{- end -}}
