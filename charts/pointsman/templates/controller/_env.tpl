{{/* What the chart tells the controller, as a YAML list of environment entries. */}}
{{- define "pointsman.controller.env" -}}
# Who holds the Lease, and where it is.
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: POINTSMAN_XDS_SETTINGS
  value: /etc/pointsman/settings.yaml
{{- with .Values.xdsController.container.jvmOptions }}
- name: JAVA_TOOL_OPTIONS
  value: {{ . | quote }}
{{- end }}
{{- end -}}
