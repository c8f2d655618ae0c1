{{/* What must fit together. Each that does not ends the rendering with a sentence that says what to do. */}}
{{- define "pointsman.validate" -}}
{{- include "pointsman.validate.gateway" . -}}
{{- include "pointsman.validate.settings" . -}}
{{- include "pointsman.validate.plugin" . -}}
{{- include "pointsman.validate.scaling" . -}}
{{- include "pointsman.validate.redis" . -}}
{{- include "pointsman.validate.secrets" . -}}
{{- end -}}

{{- define "pointsman.validate.gateway" -}}
{{- $gateway := .Values.gateway -}}
{{- $tls := $gateway.tls -}}
{{- if $gateway.envoyAsSideCar -}}
{{- fail "gateway.envoyAsSideCar: there is no sidecar mode; leave it false, and gateway.enable true for Envoy Gateway" -}}
{{- end -}}
{{- if and $gateway.enable (not $gateway.existing.name) -}}
{{- if not (or $gateway.http.enabled $tls.enabled) -}}
{{- fail "gateway: the Gateway has no listener; set gateway.http.enabled or gateway.tls.enabled" -}}
{{- end -}}
{{- if $tls.enabled -}}
{{- if and $tls.autoGenerate $tls.certManager.enabled -}}
{{- fail "gateway.tls: autoGenerate and certManager.enabled would both make the certificate; set one of them" -}}
{{- end -}}
{{- if and (or $tls.autoGenerate $tls.certManager.enabled) (not $tls.hostname) -}}
{{- fail "gateway.tls.hostname: a certificate can only be made for a host name; set it" -}}
{{- end -}}
{{- if and $tls.certManager.enabled (not $tls.certManager.issuerRef.name) -}}
{{- fail "gateway.tls.certManager.issuerRef.name: cert-manager needs an issuer; name it" -}}
{{- end -}}
{{- if not (or $tls.autoGenerate $tls.certManager.enabled $tls.secretName) -}}
{{- fail "gateway.tls.secretName: HTTPS needs a certificate; name a Secret, or set autoGenerate or certManager.enabled" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $gateway.modelServices (ne $gateway.destination "endpointOverride") -}}
{{- fail "gateway.modelServices: only gateway.destination endpointOverride sends requests to Services; set it, or leave modelServices empty" -}}
{{- end -}}
{{- if and .Values.gatewayPlugin.failOpen (eq $gateway.destination "endpointOverride") -}}
{{- fail "gatewayPlugin.failOpen: with gateway.destination endpointOverride Envoy would send requests that the plugin never saw to any pod; set failOpen false" -}}
{{- end -}}
{{- if .Values.ingress.enabled -}}
{{- if not $gateway.enable -}}
{{- fail "ingress.enabled: without gateway.enable there is no Envoy to lead to; enable it, or switch the Ingress off" -}}
{{- end -}}
{{- if and $gateway.existing.name (not $gateway.envoyProxy.service.name) -}}
{{- fail "ingress.enabled: the Envoy Service of an existing Gateway is not known; name it in gateway.envoyProxy.service.name" -}}
{{- end -}}
{{- if not (or $gateway.http.enabled $gateway.existing.name) -}}
{{- fail "ingress.enabled: an Ingress leads to the Gateway's HTTP port; set gateway.http.enabled" -}}
{{- end -}}
{{- end -}}
{{- with $gateway.envoyProxy.autoscaling -}}
{{- if gt (int (.minReplicas | default 1)) (int .maxReplicas) -}}
{{- fail (printf "gateway.envoyProxy.autoscaling.minReplicas: %d is more than maxReplicas %d" (int .minReplicas) (int .maxReplicas)) -}}
{{- end -}}
{{- end -}}
{{- with $gateway.envoyProxy.podDisruptionBudget -}}
{{- if eq (hasKey . "minAvailable") (hasKey . "maxUnavailable") -}}
{{- fail "gateway.envoyProxy.podDisruptionBudget: Envoy Gateway wants either minAvailable or maxUnavailable; set minAvailable to null to use maxUnavailable" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.openTelemetry.enable (not (or .Values.openTelemetry.host .Values.openTelemetry.serviceName)) -}}
{{- fail "openTelemetry.enable: the collector is not known; set openTelemetry.serviceName or openTelemetry.host" -}}
{{- end -}}
{{- end -}}

{{- define "pointsman.validate.settings" -}}
{{- $plugin := .Values.gatewayPlugin -}}
{{- $patch := .Values.gateway.envoyPatchPolicy -}}
{{- $timeout := include "pointsman.millis" $patch.route.timeout | int64 -}}
{{- if and (gt $timeout 0) (le $timeout (include "pointsman.millis" $patch.route.connectTimeout | int64)) -}}
{{- fail (printf "gateway.envoyPatchPolicy.route.timeout: %s would end a request before connectTimeout %s does; make it longer, or 0s for none" $patch.route.timeout $patch.route.connectTimeout) -}}
{{- end -}}
{{- if and (gt $timeout 0) (le $timeout (include "pointsman.millis" $plugin.messageTimeout | int64)) -}}
{{- fail (printf "gateway.envoyPatchPolicy.route.timeout: %s leaves an answer no more time than gatewayPlugin.messageTimeout %s leaves the decision; make it longer, or 0s for none" $patch.route.timeout $plugin.messageTimeout) -}}
{{- end -}}
{{- $prefill := include "pointsman.plugin.prefillMillis" . | int64 -}}
{{- if ge $prefill (include "pointsman.millis" $plugin.messageTimeout | int64) -}}
{{- fail (printf "gatewayPlugin.settings.prefill-deadline: %v is not below gatewayPlugin.messageTimeout %s, after which Envoy no longer waits; make it shorter" (get $plugin.settings "prefill-deadline") $plugin.messageTimeout) -}}
{{- end -}}
{{- $streams := int64 $plugin.extProc.backendSettings.circuitBreaker.maxParallelRequests -}}
{{- $requests := int64 $patch.circuitBreakers.maxRequests -}}
{{- if lt $streams $requests -}}
{{- fail (printf "gatewayPlugin.extProc.backendSettings.circuitBreaker.maxParallelRequests: each request to a pod holds one stream to the plugin, so %d are too few for gateway.envoyPatchPolicy.circuitBreakers.maxRequests %d; raise it" $streams $requests) -}}
{{- end -}}
{{- end -}}

{{- define "pointsman.validate.plugin" -}}
{{- $plugin := .Values.gatewayPlugin -}}
{{- $drain := $plugin.drain -}}
{{- if hasPrefix "aibrix/" $plugin.container.image.repository -}}
{{- fail (printf "gatewayPlugin.container.image.repository: %s is another project's plugin, which this chart cannot run; leave the image out" $plugin.container.image.repository) -}}
{{- end -}}
{{- if le (int $drain.deadlineSeconds) (int $drain.graceSeconds) -}}
{{- fail (printf "gatewayPlugin.drain.deadlineSeconds: %d is over before graceSeconds %d; make it longer" (int $drain.deadlineSeconds) (int $drain.graceSeconds)) -}}
{{- end -}}
{{- $needed := add (int $drain.preStopSeconds) (int $drain.deadlineSeconds) | int -}}
{{- $given := include "pointsman.plugin.terminationSeconds" . | int -}}
{{- if le $given $needed -}}
{{- fail (printf "gatewayPlugin.terminationGracePeriodSeconds: %d would kill a pod that still drains; drain.preStopSeconds and drain.deadlineSeconds need more than %d" $given $needed) -}}
{{- end -}}
{{- $namespaces := $plugin.discovery.namespaces -}}
{{- if and (has "*" $namespaces) (gt (len $namespaces) 1) -}}
{{- fail "gatewayPlugin.discovery.namespaces: * is all namespaces; leave the others out" -}}
{{- end -}}
{{- if and $plugin.tls.enabled $plugin.tls.existingSecret (not $plugin.tls.caConfigMap) -}}
{{- fail "gatewayPlugin.tls.caConfigMap: Envoy must know who signed the certificate of tls.existingSecret; name a ConfigMap with ca.crt" -}}
{{- end -}}
{{- range $flag, $path := include "pointsman.plugin.flagsOfValues" . | fromYaml -}}
{{- if hasKey $plugin.settings $flag -}}
{{- fail (printf "gatewayPlugin.settings.%s: the chart sets it from %s; set that" $flag $path) -}}
{{- end -}}
{{- end -}}
{{- range $flag := list "redis-password" "redis-url" -}}
{{- if hasKey $plugin.settings $flag -}}
{{- fail (printf "gatewayPlugin.settings.%s: flags are seen by all who see pods; use gatewayPlugin.dependencies.redis and a Secret" $flag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Flags that follow from values, and the values that they follow from. */}}
{{- define "pointsman.plugin.flagsOfValues" -}}
api-keys-file: gatewayPlugin.auth.apiKeysSecret
access-log: gatewayPlugin.accessLog.enabled
discovery: gatewayPlugin.discovery
drain-deadline: gatewayPlugin.drain.deadlineSeconds
drain-grace: gatewayPlugin.drain.graceSeconds
grpc-bind-address: the port of the Service
http-bind-address: the port of the Service
kubernetes-inference-pools: gatewayPlugin.discovery.inferencePools
kubernetes-namespaces: gatewayPlugin.discovery.namespaces
kubernetes-selector: gatewayPlugin.discovery.selector
master-key: existingMasterKeySecret
max-body-bytes: gateway.clientTrafficPolicy.connection.bufferLimit
max-message-bytes: gateway.clientTrafficPolicy.connection.bufferLimit
max-in-flight-per-pod: gatewayPlugin.maxInFlightPerPod
message-timeout: gatewayPlugin.messageTimeout
auth-bearer-token: gatewayPlugin.auth
require-api-key: gatewayPlugin.auth.requireApiKey
redis-host: gatewayPlugin.dependencies.redis.host
redis-key-prefix: namespace and name of the release
redis-port: gatewayPlugin.dependencies.redis.port
tls: gatewayPlugin.tls
tls-cert: gatewayPlugin.tls
tls-key: gatewayPlugin.tls
{{- end -}}

{{- define "pointsman.validate.scaling" -}}
{{- $plugin := .Values.gatewayPlugin -}}
{{- $scaling := .Values.autoscaling -}}
{{- $keda := .Values.keda -}}
{{- if and $scaling.enabled $keda.enabled -}}
{{- fail "autoscaling.enabled and keda.enabled: two would scale the same pods; set one of them" -}}
{{- end -}}
{{- if and $scaling.enabled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- fail (printf "autoscaling.minReplicas: %d is more than maxReplicas %d" (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- end -}}
{{- if and $keda.enabled (gt (int $keda.minReplicaCount) (int $keda.maxReplicaCount)) -}}
{{- fail (printf "keda.minReplicaCount: %d is more than maxReplicaCount %d" (int $keda.minReplicaCount) (int $keda.maxReplicaCount)) -}}
{{- end -}}
{{- if and $keda.enabled (not $keda.triggers) -}}
{{- fail "keda.triggers: KEDA scales by triggers; give at least one" -}}
{{- end -}}
{{- if $scaling.enabled -}}
{{- $requests := $plugin.container.resources.requests | default dict -}}
{{- if and (gt (int $scaling.targetCPUUtilizationPercentage) 0) (not $requests.cpu) -}}
{{- fail "autoscaling.targetCPUUtilizationPercentage: a percentage of gatewayPlugin.container.resources.requests.cpu, which is missing; set it, or the target 0" -}}
{{- end -}}
{{- if and (gt (int $scaling.targetMemoryUtilizationPercentage) 0) (not $requests.memory) -}}
{{- fail "autoscaling.targetMemoryUtilizationPercentage: a percentage of gatewayPlugin.container.resources.requests.memory, which is missing; set it, or the target 0" -}}
{{- end -}}
{{- if not (or (gt (int $scaling.targetCPUUtilizationPercentage) 0) (gt (int $scaling.targetMemoryUtilizationPercentage) 0) $scaling.requestsPerSecond.enabled $scaling.streamsInFlight.enabled $scaling.metrics) -}}
{{- fail "autoscaling: there is no metric to scale by; set a target above 0, or autoscaling.metrics" -}}
{{- end -}}
{{- end -}}
{{- $budget := $plugin.podDisruptionBudget -}}
{{- if and $budget.enabled (ne (toString $budget.maxUnavailable) "") (ne (toString $budget.minAvailable) "") -}}
{{- fail "gatewayPlugin.podDisruptionBudget: minAvailable and maxUnavailable exclude each other; set minAvailable to \"\" to use maxUnavailable" -}}
{{- end -}}
{{- if and $budget.enabled (eq (toString $budget.maxUnavailable) "") (eq (toString $budget.minAvailable) "") -}}
{{- fail "gatewayPlugin.podDisruptionBudget: it limits nothing; set minAvailable or maxUnavailable, or enabled false" -}}
{{- end -}}
{{- if and (eq (include "pointsman.redis.kind" .) "none") (gt (include "pointsman.plugin.maxReplicas" . | int) 1) (not $plugin.withoutSharedState) -}}
{{- fail "gatewayPlugin.replicaCount: without Redis each of several replicas knows only what it decided itself; enable metadata.redis, name gatewayPlugin.dependencies.redis.host, or set gatewayPlugin.withoutSharedState true if this is meant" -}}
{{- end -}}
{{- end -}}

{{- define "pointsman.validate.redis" -}}
{{- $own := .Values.metadata.redis -}}
{{- $external := .Values.gatewayPlugin.dependencies.redis -}}
{{- $kind := include "pointsman.redis.kind" . -}}
{{- if gt (int $own.replicas) 1 -}}
{{- fail (printf "metadata.redis.replicas: %d servers behind one Service would each know a part; set 1, or use a Redis with Sentinel or Cluster by gatewayPlugin.dependencies.redis" (int $own.replicas)) -}}
{{- end -}}
{{- if and (ne $kind "external") (or $external.password $external.existingSecret $external.username) -}}
{{- fail "gatewayPlugin.dependencies.redis: a login is for a Redis outside the chart; set host, or use metadata.redis.enablePassword and metadata.redis.password" -}}
{{- end -}}
{{- if and $external.password $external.existingSecret -}}
{{- fail "gatewayPlugin.dependencies.redis: password and existingSecret exclude each other; set one of them" -}}
{{- end -}}
{{- if and $own.password $own.existingSecret -}}
{{- fail "metadata.redis: password and existingSecret exclude each other; set one of them" -}}
{{- end -}}
{{- if eq $external.mode "standalone" -}}
{{- if $external.nodes -}}
{{- fail "gatewayPlugin.dependencies.redis.nodes: one server is named by host and port; set mode sentinel or cluster, or leave nodes empty" -}}
{{- end -}}
{{- else -}}
{{- if not $external.nodes -}}
{{- fail (printf "gatewayPlugin.dependencies.redis.nodes: mode %s needs host:port of at least one node" $external.mode) -}}
{{- end -}}
{{- if $external.host -}}
{{- fail (printf "gatewayPlugin.dependencies.redis.host: mode %s is reached by nodes; leave host empty" $external.mode) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $external.mode "sentinel") (not $external.masterName) -}}
{{- fail "gatewayPlugin.dependencies.redis.masterName: mode sentinel needs the name by which the Sentinels know the server" -}}
{{- end -}}
{{- if and (eq $external.mode "cluster") (ne (int $external.database) 0) -}}
{{- fail "gatewayPlugin.dependencies.redis.database: a cluster has database 0 only" -}}
{{- end -}}
{{- end -}}

{{- define "pointsman.validate.secrets" -}}
{{- $plugin := .Values.gatewayPlugin -}}
{{- $secrets := .Values.secrets -}}
{{- if and $plugin.auth.bearerToken (hasKey $plugin.container.envs "AIBRIX_AUTH_BEARER_TOKEN") -}}
{{- fail "gatewayPlugin.auth.bearerToken: container.envs sets AIBRIX_AUTH_BEARER_TOKEN too; set one of them" -}}
{{- end -}}
{{- $keys := or (include "pointsman.bearerToken.secret" .) $plugin.auth.apiKeysSecret (hasKey $plugin.container.envs "AIBRIX_AUTH_BEARER_TOKEN") -}}
{{- if and $plugin.auth.requireApiKey (not $keys) (eq (include "pointsman.redis.kind" .) "none") -}}
{{- fail "gatewayPlugin.auth.requireApiKey: without Redis nobody could have a key; enable metadata.redis, name gatewayPlugin.dependencies.redis.host, or set gatewayPlugin.auth.apiKeysSecret" -}}
{{- end -}}
{{- if and $plugin.auth.bearerToken $plugin.auth.existingSecret -}}
{{- fail "gatewayPlugin.auth: bearerToken and existingSecret exclude each other; set one of them" -}}
{{- end -}}
{{- if and $secrets.existingSecret .Values.metadata.redis.password -}}
{{- fail "metadata.redis.password: secrets.existingSecret holds it under redis-password; set one of them" -}}
{{- end -}}
{{- if not $secrets.create -}}
{{- if $plugin.auth.bearerToken -}}
{{- fail "gatewayPlugin.auth.bearerToken: with secrets.create false the chart makes no Secret for it; use gatewayPlugin.auth.existingSecret" -}}
{{- end -}}
{{- $redis := include "pointsman.redis.passwordSecret" . -}}
{{- if eq $redis (printf "%s-redis" (include "pointsman.fullname" .)) -}}
{{- fail "secrets.create is false, but Redis' password needs a Secret; set secrets.existingSecret, metadata.redis.existingSecret or gatewayPlugin.dependencies.redis.existingSecret" -}}
{{- end -}}
{{- if and (eq (include "pointsman.redis.kind" .) "own") .Values.metadata.redis.tls.enabled (not .Values.metadata.redis.tls.existingSecret) -}}
{{- fail "secrets.create is false, but Redis' certificate needs a Secret; set metadata.redis.tls.existingSecret" -}}
{{- end -}}
{{- if and $plugin.tls.enabled (not $plugin.tls.existingSecret) -}}
{{- fail "secrets.create is false, but the plugin's certificate needs a Secret; set gatewayPlugin.tls.existingSecret" -}}
{{- end -}}
{{- if and .Values.gateway.tls.enabled .Values.gateway.tls.autoGenerate -}}
{{- fail "secrets.create is false, but gateway.tls.autoGenerate makes a Secret; set gateway.tls.secretName, and autoGenerate false" -}}
{{- end -}}
{{- end -}}
{{- end -}}
