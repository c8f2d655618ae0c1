package io.pointsman.plugin.app;

import java.nio.file.Path;

/** How the ext_proc port is secured. */
sealed interface TlsSettings {
  /** Plaintext. */
  record Off() implements TlsSettings {}

  /** A certificate made at start. */
  record SelfSigned() implements TlsSettings {}

  /**
   * Given files, read again when they change.
   *
   * @param certificate chain, PEM
   * @param key PKCS #8, PEM
   */
  record Files(Path certificate, Path key) implements TlsSettings {}
}
