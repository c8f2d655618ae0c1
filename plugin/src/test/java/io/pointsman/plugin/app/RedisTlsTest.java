package io.pointsman.plugin.app;

import static io.pointsman.plugin.app.PluginFixture.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisTarget;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code rediss://}: a real Redis behind TLS, whose certificate must be trusted and its own. */
@Timeout(120)
class RedisTlsTest {
  private static final String TRUST_STORE = "javax.net.ssl.trustStore";
  private static final String TRUST_STORE_TYPE = "javax.net.ssl.trustStoreType";

  private static final String TRUST_STORE_PASSWORD = "javax.net.ssl.trustStorePassword";

  @TempDir private Path folder;

  @AfterEach
  void trustAsBefore() {
    System.clearProperty(TRUST_STORE);
    System.clearProperty(TRUST_STORE_TYPE);
    System.clearProperty(TRUST_STORE_PASSWORD);
  }

  @Test
  void aServerWithATrustedCertificateIsUsed() throws Exception {
    SelfSignedCertificate certificate = SelfSignedCertificate.create();
    trust(certificate.certificate());
    try (var server = new RedisProcess("--requirepass", "secret").start();
        var tls = new TlsProxy(keys(certificate), server.port());
        var redis = start("rediss://:secret@127.0.0.1:" + tls.port())) {
      await().atMost(LONG).until(redis::isUp);
      redis.run("test", client -> client.set("key", "value"));
      assertThat(redis.<String>run("test", client -> client.get("key"))).isEqualTo("value");
      assertThat(tls.failedHandshakes()).isZero();
    }
  }

  @Test
  void aServerWithAnotherCertificateIsNot() throws Exception {
    trust(SelfSignedCertificate.create().certificate());
    try (var server = new RedisProcess().start();
        var tls = new TlsProxy(keys(SelfSignedCertificate.create()), server.port());
        var redis = start("rediss://127.0.0.1:" + tls.port())) {
      await().atMost(LONG).until(() -> redis.status().startsWith("down since"));
      assertThat(tls.failedHandshakes()).isPositive();
      assertThat(redis.isUp()).isFalse();
    }
  }

  private static RedisMonitor start(String url) {
    return RedisMonitor.start(RedisTarget.parse(url), new SimpleMeterRegistry());
  }

  /** As an operator does it for a certificate of their own authority. */
  private void trust(X509Certificate certificate) throws Exception {
    KeyStore store = empty();
    store.setCertificateEntry("redis", certificate);
    Path file = folder.resolve("trust.p12");
    try (OutputStream out = Files.newOutputStream(file)) {
      store.store(out, "changeit".toCharArray());
    }
    System.setProperty(TRUST_STORE, file.toString());
    System.setProperty(TRUST_STORE_TYPE, "PKCS12");
    System.setProperty(TRUST_STORE_PASSWORD, "changeit");
  }

  private static KeyStore keys(SelfSignedCertificate certificate) throws Exception {
    KeyStore store = empty();
    store.setKeyEntry(
        "redis",
        certificate.key(),
        TlsProxy.PASSWORD.toCharArray(),
        new Certificate[] {certificate.certificate()});
    return store;
  }

  private static KeyStore empty() throws Exception {
    var store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }
}
