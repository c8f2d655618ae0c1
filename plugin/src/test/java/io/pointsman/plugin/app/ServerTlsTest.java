package io.pointsman.plugin.app;

import static io.pointsman.plugin.app.PluginFixture.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.pointsman.common.ConfigException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ServerTlsTest {
  @TempDir private Path folder;

  @Test
  void givenCertificateIsTheOneThatTheClientTrusts() throws Exception {
    Map<Setting, String> files = write(SelfSignedCertificate.create());
    try (var fixture = PluginFixture.ready(folder, files)) {
      var trusting =
          TlsChannelCredentials.newBuilder()
              .trustManager(folder.resolve("tls.crt").toFile())
              .build();

      assertThat(health(fixture.plugin.grpcPort(), trusting)).isEqualTo(ServingStatus.SERVING);
      assertThatThrownBy(() -> health(fixture.plugin.grpcPort(), TlsChannelCredentials.create()))
          .isInstanceOf(StatusRuntimeException.class);
    }
  }

  @Test
  void newFilesAreUsedForTheHandshakesThatFollow() throws Exception {
    var first = SelfSignedCertificate.create();
    try (var fixture = PluginFixture.ready(folder, write(first))) {
      int port = fixture.plugin.grpcPort();
      assertThat(presented(port)).isEqualTo(first.certificate());

      var second = SelfSignedCertificate.create();
      write(second);
      await().atMost(LONG).until(() -> presented(port).equals(second.certificate()));

      Files.writeString(folder.resolve("tls.key"), "no key at all");
      var third = SelfSignedCertificate.create();
      writeCertificate(third);
      assertThat(presented(port)).isEqualTo(second.certificate());
      write(third);
      await().atMost(LONG).until(() -> presented(port).equals(third.certificate()));
    }
  }

  @Test
  void selfSignedCertificateIsMadeAtStart() throws Exception {
    try (var fixture = PluginFixture.ready(folder, Map.of(Setting.TLS, "self-signed"))) {
      X509Certificate certificate = presented(fixture.plugin.grpcPort());

      certificate.checkValidity();
      assertThat(certificate.getPublicKey().getAlgorithm()).isEqualTo("EC");
      assertThat(certificate.getSubjectAlternativeNames().toString())
          .contains("localhost", "127.0.0.1");
      assertThatThrownBy(() -> health(fixture.plugin.grpcPort(), TlsChannelCredentials.create()))
          .isInstanceOf(StatusRuntimeException.class);
    }
  }

  @Test
  void filesThatAreNoCertificateOrKeyAreNamed() throws Exception {
    Map<Setting, String> files = write(SelfSignedCertificate.create());
    Files.writeString(folder.resolve("tls.key"), "-----BEGIN PRIVATE KEY-----\nAAAA\n");
    assertThatThrownBy(() -> PluginFixture.start(folder, files))
        .isInstanceOf(ConfigException.class)
        .hasMessageEndingWith("tls.key:1: expected a private key, RSA or EC, as PKCS #8 in PEM");

    Files.writeString(folder.resolve("tls.crt"), "");
    assertThatThrownBy(() -> PluginFixture.start(folder, files))
        .isInstanceOf(ConfigException.class)
        .hasMessageEndingWith("tls.crt:1: expected a chain of X.509 certificates in PEM");
  }

  @Test
  void keyOfAnotherCertificateIsRefused() throws Exception {
    Map<Setting, String> files = write(SelfSignedCertificate.create());
    writeCertificate(SelfSignedCertificate.create());

    assertThatThrownBy(() -> PluginFixture.start(folder, files))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("tls.key:1: the key does not belong to the certificate in ");
  }

  private static ServingStatus health(int port, ChannelCredentials credentials) {
    var channel = Grpc.newChannelBuilder("localhost:" + port, credentials).build();
    try {
      return HealthGrpc.newBlockingStub(channel)
          .check(HealthCheckRequest.newBuilder().setService("liveness").build())
          .getStatus();
    } finally {
      channel.shutdownNow();
    }
  }

  /** The certificate the server shows now. */
  private static X509Certificate presented(int port) throws Exception {
    var context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new TrustAll()}, new SecureRandom());
    try (var socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
      var parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }
  }

  private Map<Setting, String> write(SelfSignedCertificate made) throws Exception {
    writeCertificate(made);
    replace("tls.key", pem("PRIVATE KEY", made.key().getEncoded()));
    return Map.of(
        Setting.TLS, "files",
        Setting.TLS_CERT, folder.resolve("tls.crt").toString(),
        Setting.TLS_KEY, folder.resolve("tls.key").toString());
  }

  private void writeCertificate(SelfSignedCertificate made) throws Exception {
    replace("tls.crt", pem("CERTIFICATE", made.certificate().getEncoded()));
  }

  private void replace(String name, String text) throws Exception {
    Path written = Files.writeString(folder.resolve("new"), text);
    Files.move(written, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }

  private static String pem(String kind, byte[] der) {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + kind + "-----\n" + body + "\n-----END " + kind + "-----\n";
  }

  /** Only looks at the certificate. */
  private static final class TrustAll extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
