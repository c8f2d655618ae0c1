package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Secrets that Helm makes up, seen by its own {@code lookup} against the tests' API server. */
@ResourceLock(ApiServer.LOCK)
class SecretsTest {
  static final String ALL =
      "{gatewayPlugin: {tls: {enabled: true}}, metadata: {redis: {enablePassword: true, tls:"
          + " {enabled: true}}}, gateway: {tls: {enabled: true, autoGenerate: true, hostname: a.b}}}";
  static final List<String> MADE =
      List.of(
          "Secret/rel-master-key",
          "Secret/rel-redis",
          "Secret/rel-redis-master-tls",
          "Secret/rel-gateway-plugin-tls",
          "Secret/rel-gateway-tls");

  @BeforeEach
  void forgetSecrets() {
    ApiServer.clear();
  }

  private static Map<String, Object> data(Rendered rendered, String secret) {
    return Yaml.map(rendered.object(secret).get("data"));
  }

  private static String text(Rendered rendered, String secret, String key) {
    return new String(
        Base64.getDecoder().decode((String) data(rendered, secret).get(key)),
        StandardCharsets.UTF_8);
  }

  @Test
  void theMasterKeyHas32LettersAndDigits() {
    assertThat(text(Chart.renderAnew(), "Secret/rel-master-key", "master-key"))
        .matches("[A-Za-z0-9]{32}");
  }

  @Test
  void anUpgradeKeepsWhatTheInstallationMade() {
    Rendered installed = Chart.renderAnew(ALL);
    MADE.forEach(secret -> ApiServer.put(installed.object(secret)));

    Rendered upgraded = Chart.renderAnew(ALL, "gatewayPlugin: {replicaCount: 5}");

    for (String secret : MADE) {
      assertThat(data(upgraded, secret)).as(secret).isEqualTo(data(installed, secret));
    }
    assertThat(upgraded.object("ConfigMap/rel-gateway-plugin-ca").get("data"))
        .isEqualTo(installed.object("ConfigMap/rel-gateway-plugin-ca").get("data"));
  }

  /** As with {@code helm template} and Argo CD: why one sets existing Secrets there. */
  @Test
  void withoutALookIntoTheClusterEachRenderingMakesOthers() {
    assertThat(data(Chart.renderAnew(ALL), "Secret/rel-master-key"))
        .isNotEqualTo(data(Chart.renderAnew(ALL), "Secret/rel-master-key"));
    assertThat(Chart.notes(ALL)).contains("helm template").contains("existingMasterKeySecret");
  }

  @Test
  void whatHelmMakesUpStaysWhenTheReleaseGoes() {
    Rendered rendered = Chart.render(ALL);

    for (String secret : MADE) {
      assertThat(rendered.at(secret, "metadata.annotations.helm.sh/resource-policy"))
          .as(secret)
          .isEqualTo("keep");
    }
  }

  @Test
  void existingSecretsTakeThePlaceOfAll() {
    String existing =
        "{existingMasterKeySecret: m, metadata: {redis: {existingSecret: r, tls: {existingSecret:"
            + " t}}}, gatewayPlugin: {tls: {existingSecret: p, caConfigMap: c}}, gateway: {tls:"
            + " {autoGenerate: false, secretName: g}}}";

    assertThat(Chart.render(ALL, existing).names()).noneMatch(name -> name.startsWith("Secret/"));
    assertThat(Chart.render(ALL, existing, "secrets: {create: false}").names())
        .isEqualTo(Chart.render(ALL, existing).names());
    assertThat(Chart.notes(ALL, existing)).doesNotContain("helm template");
  }

  @ParameterizedTest
  @CsvSource({
    "Secret/rel-gateway-plugin-tls, rel-gateway-plugin.ns.svc, gatewayPlugin.tls",
    "Secret/rel-redis-master-tls, rel-redis-master, metadata.redis.tls",
    "Secret/rel-gateway-tls, a.b, gateway.tls"
  })
  void certificatesLastAsLongAsToldAndAreForTheirHost(String secret, String host, String values)
      throws Exception {
    Rendered rendered = Chart.renderAnew(ALL, Yaml.write(Yaml.at(values + ".validityDays", 9)));
    var certificate =
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(
                    new ByteArrayInputStream(
                        text(rendered, secret, "tls.crt").getBytes(StandardCharsets.UTF_8)));

    assertThat(certificate.getNotAfter().toInstant())
        .isCloseTo(Instant.now().plus(9, ChronoUnit.DAYS), within(1, ChronoUnit.HOURS));
    assertThat(certificate.getSubjectAlternativeNames()).anyMatch(name -> host.equals(name.get(1)));
  }

  /** As the init container does it, which a node may start again with its volume as it was. */
  @Test
  void theStoreOfRedisAuthorityIsMadeAlsoWhereOneIsThere(@TempDir Path folder) throws Exception {
    Rendered rendered = Chart.render(ALL);
    Files.createDirectories(folder.resolve("trust"));
    Files.createDirectories(folder.resolve("redis-ca"));
    Files.writeString(
        folder.resolve("redis-ca/ca.crt"), text(rendered, "Secret/rel-redis-master-tls", "ca.crt"));
    String command = "spec.template.spec.initContainers[trust-redis].command";
    String script =
        ((String) rendered.at("Deployment/rel-gateway-plugin", command + "[2]"))
            .replace("/etc/pointsman", folder.toString())
            .replace("keytool", System.getProperty("java.home") + "/bin/keytool");

    for (int start = 0; start < 2; start++) {
      Process made = new ProcessBuilder("sh", "-ec", script).redirectErrorStream(true).start();
      String output = new String(made.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(made.waitFor()).as(output).isZero();
    }
    var store =
        KeyStore.getInstance(folder.resolve("trust/redis.p12").toFile(), "changeit".toCharArray());
    assertThat(store.isCertificateEntry("redis")).isTrue();
  }

  @Test
  void noPasswordIsInAPlainObject() {
    String values =
        "{gatewayPlugin: {auth: {bearerToken: topsecret}}, metadata: {redis: {password:"
            + " topsecret}}}";
    var holders = new TreeSet<String>();
    Chart.render(values)
        .all()
        .forEach(
            (place, value) -> {
              if (String.valueOf(value).contains("topsecret")) {
                holders.add(place);
              }
            });

    assertThat(holders).isEmpty();
  }
}
