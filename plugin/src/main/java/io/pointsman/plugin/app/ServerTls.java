package io.pointsman.plugin.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.InsecureServerCredentials;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.CertificateUtils;
import io.pointsman.common.ConfigException;
import io.pointsman.common.FileWatcher;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the ext_proc port proves itself with. Given files are watched: a new pair is used for the
 * handshakes that follow, a pair that does not fit together is refused and the last good one stays.
 */
final class ServerTls implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ServerTls.class);

  private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);

  private final ServerCredentials credentials;
  private final List<FileWatcher> watchers;

  private ServerTls(ServerCredentials credentials, List<FileWatcher> watchers) {
    this.credentials = credentials;
    this.watchers = watchers;
  }

  /**
   * @throws ConfigException if given files cannot be used
   */
  static ServerTls open(TlsSettings settings) throws ConfigException, StartException {
    if (settings instanceof TlsSettings.Files files) {
      return watched(files);
    }
    if (settings instanceof TlsSettings.SelfSigned) {
      return new ServerTls(selfSigned(), List.of());
    }
    return new ServerTls(InsecureServerCredentials.create(), List.of());
  }

  ServerCredentials credentials() {
    return credentials;
  }

  private static ServerCredentials selfSigned() throws StartException {
    try {
      var made = SelfSignedCertificate.create();
      var keys = new AdvancedTlsX509KeyManager();
      keys.updateIdentityCredentials(new X509Certificate[] {made.certificate()}, made.key());
      return TlsServerCredentials.newBuilder().keyManager(keys).build();
    } catch (GeneralSecurityException e) {
      throw new StartException("cannot make a self-signed certificate: " + e.getMessage(), e);
    }
  }

  private static ServerTls watched(TlsSettings.Files files) throws ConfigException {
    var keys = new AdvancedTlsX509KeyManager();
    String certificate = FileWatcher.read(files.certificate());
    String key = FileWatcher.read(files.key());
    use(files, certificate, key, keys);
    var watchers =
        List.of(
            watch(files.certificate(), certificate, files, keys),
            watch(files.key(), key, files, keys));
    return new ServerTls(TlsServerCredentials.newBuilder().keyManager(keys).build(), watchers);
  }

  private static FileWatcher watch(
      Path file, String initial, TlsSettings.Files files, AdvancedTlsX509KeyManager keys) {
    return FileWatcher.start(file, initial, LOOK_INTERVAL, changed -> reload(files, keys));
  }

  private static void reload(TlsSettings.Files files, AdvancedTlsX509KeyManager keys) {
    try {
      use(files, FileWatcher.read(files.certificate()), FileWatcher.read(files.key()), keys);
      log.info("certificate is read again: file={}", files.certificate());
    } catch (ConfigException e) {
      // Also seen in passing, while one of the two files is new and the other still old.
      log.warn("the last good certificate stays: {}", e.getMessage());
    }
  }

  private static void use(
      TlsSettings.Files files, String certificate, String key, AdvancedTlsX509KeyManager keys)
      throws ConfigException {
    X509Certificate[] chain = certificates(files.certificate(), certificate);
    PrivateKey privateKey = privateKey(files.key(), key);
    if (!belongTogether(chain[0].getPublicKey(), privateKey)) {
      throw unusable(
          files.key(), "the key does not belong to the certificate in " + files.certificate());
    }
    keys.updateIdentityCredentials(chain, privateKey);
  }

  private static X509Certificate[] certificates(Path file, String pem) throws ConfigException {
    try {
      var chain =
          CertificateUtils.getX509Certificates(new ByteArrayInputStream(pem.getBytes(UTF_8)));
      if (chain.length > 0) {
        return chain;
      }
    } catch (GeneralSecurityException e) {
      log.debug("not a certificate: file={}", file, e);
    }
    throw unusable(file, "expected a chain of X.509 certificates in PEM");
  }

  private static PrivateKey privateKey(Path file, String pem) throws ConfigException {
    try {
      return CertificateUtils.getPrivateKey(new ByteArrayInputStream(pem.getBytes(UTF_8)));
    } catch (Exception e) { // the parser throws this and that; what it says may hold the key
      throw unusable(file, "expected a private key, RSA or EC, as PKCS #8 in PEM");
    }
  }

  private static boolean belongTogether(PublicKey publicKey, PrivateKey privateKey) {
    try {
      var signature =
          Signature.getInstance(
              privateKey.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA");
      byte[] text = "pointsman".getBytes(UTF_8);
      signature.initSign(privateKey);
      signature.update(text);
      byte[] signed = signature.sign();
      signature.initVerify(publicKey);
      signature.update(text);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static ConfigException unusable(Path file, String reason) {
    return new ConfigException(file.toString(), 1, "", reason);
  }

  @Override
  public void close() {
    watchers.forEach(FileWatcher::close);
  }
}
