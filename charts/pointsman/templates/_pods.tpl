{{/* An image. Call with (list . image). */}}
{{- define "pointsman.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $repository := $image.repository -}}
{{- with $root.Values.global.imageRegistry -}}
{{- /* A first part with a dot or a colon is a registry. */ -}}
{{- $parts := splitList "/" $image.repository -}}
{{- if and (gt (len $parts) 1) (regexMatch "[.:]|^localhost$" (first $parts)) -}}
{{- $parts = rest $parts -}}
{{- end -}}
{{- $repository = printf "%s/%s" . (join "/" $parts) -}}
{{- end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (toString $image.tag | default $root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* Secrets to pull with, as a YAML list. Call with (list . further). */}}
{{- define "pointsman.pullSecrets" -}}
{{- $secrets := list -}}
{{- range concat ((index . 0).Values.global.imagePullSecrets | default list) (index . 1 | default list) -}}
{{- $secrets = append $secrets (ternary . (dict "name" .) (kindIs "map" .)) -}}
{{- end -}}
{{- with $secrets -}}
{{- toYaml (uniq .) -}}
{{- end -}}
{{- end -}}

{{/* A probe: what the values say, with GET on a path of the HTTP port where they name no handler. Call with (list probe path). */}}
{{- define "pointsman.probe" -}}
{{- $probe := index . 0 | default dict -}}
{{- if not (or $probe.grpc $probe.httpGet $probe.tcpSocket $probe.exec) -}}
{{- $probe = merge (dict "httpGet" (dict "path" (index . 1) "port" "http")) $probe -}}
{{- end -}}
{{- toYaml $probe -}}
{{- end -}}

{{/* Environment: the chart's own, except what envs names too, then envs, then further entries. Call with (list own envs further). */}}
{{- define "pointsman.env" -}}
{{- $envs := index . 1 | default dict -}}
{{- $all := list -}}
{{- range index . 0 -}}
{{- if not (hasKey $envs .name) -}}
{{- $all = append $all . -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := $envs -}}
{{- $all = append $all (dict "name" $name "value" (toString $value)) -}}
{{- end -}}
{{- with concat $all (index . 2 | default list) -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}

{{/* One entry of an environment that comes from a Secret. Call with (list name secret key). */}}
{{- define "pointsman.envFromSecret" -}}
{{- toYaml (dict "name" (index . 0) "valueFrom" (dict "secretKeyRef" (dict "name" (index . 1) "key" (index . 2)))) -}}
{{- end -}}

{{/* Where pods run: what both programs and Redis share. Call with (list . values). */}}
{{- define "pointsman.placement" -}}
{{- $values := index . 1 -}}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* A constraint without a selector gets that of the component. Call with (list . constraints component). */}}
{{- define "pointsman.topologySpread" -}}
{{- $root := index . 0 -}}
{{- $component := index . 2 -}}
{{- $constraints := list -}}
{{- range index . 1 -}}
{{- $selector := dict "labelSelector" (dict "matchLabels" (include "pointsman.selectorLabels" (list $root $component) | fromYaml)) -}}
{{- $constraints = append $constraints (merge (dict) . $selector) -}}
{{- end -}}
{{- with $constraints -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}
