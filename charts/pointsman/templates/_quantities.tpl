{{/* A number of bytes, as 4194304 or 4Mi, in bytes. */}}
{{- define "pointsman.bytes" -}}
{{- $text := toString . -}}
{{- if kindIs "float64" . -}}{{- $text = toString (int64 .) -}}{{- end -}}
{{- $units := dict "" 1 "k" 1000 "K" 1000 "M" 1000000 "G" 1000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 -}}
{{- mul (regexFind "^[0-9]+" $text | int64) (get $units (regexReplaceAll "^[0-9]+" $text "") | int64) -}}
{{- end -}}

{{/* A duration, as 90s or 1m30s, in milliseconds. A bare number means seconds. */}}
{{- define "pointsman.millis" -}}
{{- $text := toString . -}}
{{- if regexMatch "^[0-9]+$" $text -}}{{- $text = printf "%ss" $text -}}{{- end -}}
{{- $units := dict "h" 3600000 "m" 60000 "s" 1000 "ms" 1 -}}
{{- $total := 0 -}}
{{- range regexFindAll "[0-9]+(ms|h|m|s)" $text -1 -}}
{{- $total = add $total (mul (regexFind "^[0-9]+" . | int64) (get $units (regexFind "[a-z]+$" .) | int64)) -}}
{{- end -}}
{{- $total -}}
{{- end -}}
