{{/* A text that is kept: what is given; what the Secret holds already; or a new one of letters and digits.
Call with (dict "root" . "secret" name "key" key "given" text). */}}
{{- define "pointsman.keptText" -}}
{{- if .given -}}
{{- .given -}}
{{- else -}}
{{- $data := (lookup "v1" "Secret" .root.Release.Namespace .secret).data | default dict -}}
{{- if hasKey $data .key -}}
{{- get $data .key | b64dec -}}
{{- else -}}
{{- randAlphaNum 32 -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A certificate that is kept: data of a Secret of type kubernetes.io/tls, with ca.crt.
Call with (dict "root" . "secret" name "names" host names "days" validity). */}}
{{- define "pointsman.keptCertificate" -}}
{{- $data := (lookup "v1" "Secret" .root.Release.Namespace .secret).data | default dict -}}
{{- if and (hasKey $data "tls.crt") (hasKey $data "tls.key") (hasKey $data "ca.crt") -}}
{{- toYaml (pick $data "tls.crt" "tls.key" "ca.crt") -}}
{{- else -}}
{{- $authority := genCA (printf "%s-ca" .secret) (int .days) -}}
{{- $certificate := genSignedCert (first .names) nil .names (int .days) $authority -}}
tls.crt: {{ $certificate.Cert | b64enc }}
tls.key: {{ $certificate.Key | b64enc }}
ca.crt: {{ $authority.Cert | b64enc }}
{{- end -}}
{{- end -}}

{{/* Secrets by purpose: one of the operator's, or the chart's. Empty: there is none. */}}
{{- define "pointsman.masterKey.secret" -}}
{{- if .Values.existingMasterKeySecret -}}
{{- .Values.existingMasterKeySecret -}}
{{- else if .Values.secrets.existingSecret -}}
{{- .Values.secrets.existingSecret -}}
{{- else if .Values.secrets.create -}}
{{- include "pointsman.fullname" . }}-master-key
{{- end -}}
{{- end -}}

{{- define "pointsman.bearerToken.secret" -}}
{{- if .Values.gatewayPlugin.auth.bearerToken -}}
{{- include "pointsman.plugin.name" . }}-auth
{{- else -}}
{{- .Values.gatewayPlugin.auth.existingSecret -}}
{{- end -}}
{{- end -}}

{{- define "pointsman.redis.passwordSecret" -}}
{{- $external := .Values.gatewayPlugin.dependencies.redis -}}
{{- $own := .Values.metadata.redis -}}
{{- if eq (include "pointsman.redis.kind" .) "own" -}}
{{- if or $own.enablePassword $own.password $own.existingSecret -}}
{{- $own.existingSecret | default .Values.secrets.existingSecret | default (printf "%s-redis" (include "pointsman.fullname" .)) -}}
{{- end -}}
{{- else if eq (include "pointsman.redis.kind" .) "external" -}}
{{- if $external.existingSecret -}}
{{- $external.existingSecret -}}
{{- else if $external.password -}}
{{- include "pointsman.fullname" . }}-redis
{{- end -}}
{{- end -}}
{{- end -}}

{{/* own: the chart's Redis. external: another. none. */}}
{{- define "pointsman.redis.kind" -}}
{{- $external := .Values.gatewayPlugin.dependencies.redis -}}
{{- if or $external.host $external.nodes -}}external
{{- else if .Values.metadata.redis.enabled -}}own
{{- else -}}none
{{- end -}}
{{- end -}}

{{/* Where Redis is, if REDIS_HOST and REDIS_PORT do not say it all. */}}
{{- define "pointsman.redis.url" -}}
{{- $external := .Values.gatewayPlugin.dependencies.redis -}}
{{- $kind := include "pointsman.redis.kind" . -}}
{{- if and (eq $kind "own") .Values.metadata.redis.tls.enabled -}}
rediss://{{ include "pointsman.redis.name" . }}:6379
{{- else if eq $kind "external" -}}
{{- $plain := and (eq $external.mode "standalone") (not $external.username) (not $external.tls.enabled) (eq (int $external.database) 0) -}}
{{- if not $plain -}}
{{- $scheme := ternary "rediss" "redis" $external.tls.enabled -}}
{{- if ne $external.mode "standalone" -}}{{- $scheme = printf "%s-%s" $scheme $external.mode -}}{{- end -}}
{{- $nodes := ternary (printf "%s:%d" $external.host (int $external.port)) (join "," $external.nodes) (eq $external.mode "standalone") -}}
{{- $login := "" -}}
{{- with $external.username -}}{{- $login = printf "%s:@" (urlquery . | replace "+" "%20") -}}{{- end -}}
{{- $database := ternary "" (printf "/%d" (int $external.database)) (eq (int $external.database) 0) -}}
{{- $master := ternary (printf "?master=%s" $external.masterName) "" (eq $external.mode "sentinel") -}}
{{- $scheme }}://{{ $login }}{{ $nodes }}{{ $database }}{{ $master }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The Secret with the authority that signed Redis' certificate. Empty: those that Java trusts. */}}
{{- define "pointsman.redis.caSecret" -}}
{{- $kind := include "pointsman.redis.kind" . -}}
{{- if and (eq $kind "own") .Values.metadata.redis.tls.enabled -}}
{{- include "pointsman.redis.tlsSecret" . -}}
{{- else if and (eq $kind "external") .Values.gatewayPlugin.dependencies.redis.tls.enabled -}}
{{- .Values.gatewayPlugin.dependencies.redis.tls.caSecret -}}
{{- end -}}
{{- end -}}
