package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Values that are fine each by itself and do not fit together. */
class CrossCheckTest {

  @ParameterizedTest
  @MethodSource("conflicts")
  void valuesThatDoNotFitTogetherAreRefusedWithASentence(String values, String sentence) {
    assertThat(Chart.refusal(values)).contains(sentence);
  }

  static List<Arguments> conflicts() {
    return List.of(
        // Gateway
        arguments("gateway: {envoyAsSideCar: true}", "gateway.envoyAsSideCar: there is no sidecar"),
        arguments("gateway: {http: {enabled: false}}", "the Gateway has no listener"),
        arguments(
            "gateway: {tls: {enabled: true}}", "gateway.tls.secretName: HTTPS needs a certificate"),
        arguments(
            "gateway: {tls: {enabled: true, autoGenerate: true}}",
            "gateway.tls.hostname: a certificate can only be made for a host name"),
        arguments(
            "gateway: {tls: {enabled: true, hostname: a.b, certManager: {enabled: true}}}",
            "gateway.tls.certManager.issuerRef.name: cert-manager needs an issuer"),
        arguments(
            "gateway: {tls: {enabled: true, hostname: a.b, autoGenerate: true, certManager:"
                + " {enabled: true, issuerRef: {name: x}}}}",
            "autoGenerate and certManager.enabled would both make the certificate"),
        arguments(
            "gateway: {modelServices: [{name: a, port: 80}]}",
            "gateway.modelServices: only gateway.destination endpointOverride"),
        arguments(
            "gateway: {destination: endpointOverride}",
            "gatewayPlugin.failOpen: with gateway.destination endpointOverride"),
        arguments(
            "{gateway: {enable: false}, ingress: {enabled: true}}",
            "ingress.enabled: without gateway.enable there is no Envoy"),
        arguments(
            "{gateway: {existing: {name: eg}}, ingress: {enabled: true}}",
            "the Envoy Service of an existing Gateway is not known"),
        arguments(
            "{gateway: {http: {enabled: false}, tls: {enabled: true, secretName: x}}, ingress:"
                + " {enabled: true}}",
            "an Ingress leads to the Gateway's HTTP port"),
        arguments(
            "openTelemetry: {enable: true}", "openTelemetry.enable: the collector is not known"),
        arguments(
            "gateway: {envoyProxy: {autoscaling: {minReplicas: 4, maxReplicas: 3}}}",
            "gateway.envoyProxy.autoscaling.minReplicas: 4 is more than maxReplicas 3"),
        arguments(
            "gateway: {envoyProxy: {podDisruptionBudget: {maxUnavailable: 1}}}",
            "Envoy Gateway wants either minAvailable or maxUnavailable"),
        arguments(
            "gateway: {envoyProxy: {podDisruptionBudget: {minAvailable: null, name: a}}}",
            "Envoy Gateway wants either minAvailable or maxUnavailable"),
        // Settings
        arguments(
            "gateway: {envoyPatchPolicy: {route: {timeout: 6s}}}",
            "timeout: 6s would end a request before connectTimeout 6s does"),
        arguments(
            "gateway: {envoyPatchPolicy: {route: {timeout: 1m}}}",
            "1m leaves an answer no more time than gatewayPlugin.messageTimeout 60s"),
        arguments(
            "gatewayPlugin: {extProc: {backendSettings: {circuitBreaker: {maxParallelRequests:"
                + " 1023}}}}",
            "so 1023 are too few for gateway.envoyPatchPolicy.circuitBreakers.maxRequests 1024"),
        arguments(
            "gatewayPlugin: {messageTimeout: 20s, settings: {prefill-deadline: 20s}}",
            "prefill-deadline: 20s is not below gatewayPlugin.messageTimeout 20s"),
        // Plugin
        arguments(
            "gatewayPlugin: {container: {image: {repository: aibrix/gateway-plugins}}}",
            "aibrix/gateway-plugins is another project's plugin"),
        arguments(
            "gatewayPlugin: {drain: {graceSeconds: 60}}", "deadlineSeconds: 60 is over before"),
        arguments(
            "gatewayPlugin: {terminationGracePeriodSeconds: 63}",
            "63 would kill a pod that still drains"),
        arguments(
            "gatewayPlugin: {discovery: {namespaces: ['*', a]}}", "* is all namespaces; leave the"),
        arguments(
            "gatewayPlugin: {tls: {enabled: true, existingSecret: x}}",
            "gatewayPlugin.tls.caConfigMap: Envoy must know who signed"),
        arguments(
            "gatewayPlugin: {settings: {max-message-bytes: 1000}}",
            "gatewayPlugin.settings.max-message-bytes: the chart sets it from"
                + " gateway.clientTrafficPolicy.connection.bufferLimit"),
        arguments(
            "gatewayPlugin: {settings: {redis-password: x}}", "flags are seen by all who see pods"),
        // Scaling
        arguments(
            "{autoscaling: {enabled: true}, keda: {enabled: true, triggers: [{type: cpu}]}}",
            "autoscaling.enabled and keda.enabled: two would scale the same pods"),
        arguments(
            "autoscaling: {enabled: true, minReplicas: 9}", "minReplicas: 9 is more than max"),
        arguments(
            "keda: {enabled: true, minReplicaCount: 9, triggers: [{type: cpu}]}",
            "keda.minReplicaCount: 9 is more than maxReplicaCount 8"),
        arguments("keda: {enabled: true}", "keda.triggers: KEDA scales by triggers"),
        arguments(
            "{autoscaling: {enabled: true}, gatewayPlugin: {container: {resources: {requests:"
                + " {cpu: null}}}}}",
            "autoscaling.targetCPUUtilizationPercentage: a percentage of"),
        arguments(
            "{autoscaling: {enabled: true}, gatewayPlugin: {container: {resources: {requests:"
                + " {memory: null}}}}}",
            "autoscaling.targetMemoryUtilizationPercentage: a percentage of"),
        arguments(
            "autoscaling: {enabled: true, targetCPUUtilizationPercentage: 0,"
                + " targetMemoryUtilizationPercentage: 0}",
            "autoscaling: there is no metric to scale by"),
        arguments(
            "gatewayPlugin: {podDisruptionBudget: {maxUnavailable: 1}}",
            "minAvailable and maxUnavailable exclude each other"),
        arguments(
            "gatewayPlugin: {podDisruptionBudget: {minAvailable: ''}}",
            "gatewayPlugin.podDisruptionBudget: it limits nothing"),
        arguments(
            "metadata: {redis: {enabled: false}}",
            "gatewayPlugin.replicaCount: without Redis each of several replicas"),
        arguments(
            "{metadata: {redis: {enabled: false}}, gatewayPlugin: {replicaCount: 1}, autoscaling:"
                + " {enabled: true}}",
            "gatewayPlugin.replicaCount: without Redis each of several replicas"),
        // Redis
        arguments(
            "metadata: {redis: {replicas: 2}}", "2 servers behind one Service would each know"),
        arguments(
            "gatewayPlugin: {dependencies: {redis: {password: x}}}",
            "gatewayPlugin.dependencies.redis: a login is for a Redis outside the chart"),
        arguments(
            "gatewayPlugin: {dependencies: {redis: {host: h, password: x, existingSecret: z}}}",
            "gatewayPlugin.dependencies.redis: password and existingSecret exclude each other"),
        arguments(
            "metadata: {redis: {password: x, existingSecret: z}}",
            "metadata.redis: password and existingSecret exclude each other"),
        arguments(
            "gatewayPlugin: {dependencies: {redis: {nodes: ['h:1']}}}",
            "nodes: one server is named by host and port"),
        arguments(
            "gatewayPlugin: {dependencies: {redis: {mode: cluster}}}",
            "nodes: mode cluster needs host:port of at least one node"),
        arguments(
            "gatewayPlugin: {dependencies: {redis: {mode: cluster, host: h, nodes: ['h:1']}}}",
            "host: mode cluster is reached by nodes; leave host empty"),
        arguments(
            "gatewayPlugin: {dependencies: {redis: {mode: sentinel, nodes: ['h:1']}}}",
            "masterName: mode sentinel needs the name"),
        arguments(
            "gatewayPlugin: {dependencies: {redis: {mode: cluster, nodes: ['h:1'], database: 1}}}",
            "database: a cluster has database 0 only"),
        // Secrets
        arguments(
            "gatewayPlugin: {auth: {bearerToken: x}, container: {envs: {AIBRIX_AUTH_BEARER_TOKEN:"
                + " z}}}",
            "container.envs sets AIBRIX_AUTH_BEARER_TOKEN too"),
        arguments(
            "gatewayPlugin: {auth: {bearerToken: x, existingSecret: s}}",
            "gatewayPlugin.auth: bearerToken and existingSecret exclude each other"),
        arguments(
            "{gatewayPlugin: {replicaCount: 1, auth: {requireApiKey: true}}, metadata: {redis:"
                + " {enabled: false}}}",
            "gatewayPlugin.auth.requireApiKey: without Redis nobody could have a key"),
        arguments(
            "{metadata: {redis: {password: x}}, secrets: {existingSecret: s}}",
            "secrets.existingSecret holds it under redis-password"),
        arguments(
            "{gatewayPlugin: {auth: {bearerToken: x}}, secrets: {create: false}}",
            "with secrets.create false the chart makes no Secret for it"),
        arguments(
            "{metadata: {redis: {enablePassword: true}}, secrets: {create: false}}",
            "secrets.create is false, but Redis' password needs a Secret"),
        arguments(
            "{metadata: {redis: {tls: {enabled: true}}}, secrets: {create: false}}",
            "secrets.create is false, but Redis' certificate needs a Secret"),
        arguments(
            "{gatewayPlugin: {tls: {enabled: true}}, secrets: {create: false}}",
            "secrets.create is false, but the plugin's certificate needs a Secret"),
        arguments(
            "{gateway: {tls: {enabled: true, autoGenerate: true, hostname: a.b}}, secrets:"
                + " {create: false}}",
            "secrets.create is false, but gateway.tls.autoGenerate makes a Secret"));
  }

  @Test
  void everySentenceOfTheTemplatesIsSeenAbove() throws IOException {
    List<String> refusals =
        conflicts().stream().map(c -> Chart.refusal((String) c.get()[0])).toList();
    List<String> sentences = sentences();

    assertThat(sentences).hasSizeGreaterThan(50);
    assertThat(sentences)
        .filteredOn(
            sentence -> {
              Pattern filledIn = filledIn(sentence);
              return refusals.stream().noneMatch(refusal -> filledIn.matcher(refusal).find());
            })
        .isEmpty();
  }

  /** What the templates say as they refuse. */
  private static List<String> sentences() throws IOException {
    Pattern fail = Pattern.compile("\\bfail \\(?(?:printf )?\"((?:[^\"\\\\]|\\\\.)*)\"");
    var sentences = new ArrayList<String>();
    int calls = 0;
    try (Stream<Path> files = Files.walk(Chart.FOLDER.resolve("templates"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String template = Files.readString(file);
        fail.matcher(template).results().forEach(found -> sentences.add(found.group(1)));
        calls += (int) Pattern.compile("\\b(fail|required) ").matcher(template).results().count();
      }
    }
    assertThat(sentences).as("each is in a form that is understood here").hasSize(calls);
    return sentences;
  }

  private static Pattern filledIn(String format) {
    return Pattern.compile(
        Stream.of(format.replace("\\\"", "\"").split("%[a-z]", -1))
            .map(Pattern::quote)
            .collect(Collectors.joining(".*")));
  }
}
