package io.pointsman.xds.settings;

import io.pointsman.common.ConfigException;

/**
 * Everything that the controller pushes, as one immutable value. Each component is named as its key
 * in the settings file. Durations of zero switch a time-out off where the key says so.
 */
public record Settings(
    Listener listener,
    ClientTrafficPolicy clientTrafficPolicy,
    BackendTrafficPolicy backendTrafficPolicy,
    EnvoyPatchPolicy envoyPatchPolicy,
    GatewayPlugin gatewayPlugin,
    AccessLog accessLog,
    Gateway gateway) {

  private static final long ONE_READ = 128 << 10;

  /** The smallest window that Envoy takes. */
  private static final long LEAST_WINDOW = 65_535;

  /**
   * Reads a settings document.
   *
   * @param source file name for error messages
   * @throws ConfigException with line, path and reason if anything in it is unknown, of the wrong
   *     kind, out of range or at odds with another key
   */
  public static Settings parse(String source, String text) throws ConfigException {
    return SettingsReader.read(source, text);
  }

  /**
   * Bytes that Envoy's listener may buffer for one connection: {@code bufferLimit}, but for the
   * mode BufferedPartial. There Envoy sends on what it has when the buffer is full and one more
   * read has come in, up to twice the buffer and a read of 128 KiB, in one message that the plugin
   * must take.
   */
  public long listenerBufferBytes() {
    long limit = clientTrafficPolicy.connection().bufferLimit();
    return gatewayPlugin.processingMode().request().body() == RequestBodyMode.BUFFERED_PARTIAL
        ? Math.max(limit / 4, limit / 2 - ONE_READ / 2)
        : limit;
  }

  /**
   * Flow-control window of an HTTP/2 stream from a client. It is also what Envoy buffers of that
   * stream's body: a body that is larger gets 413, whatever the listener's limit says.
   */
  public long streamWindowBytes() {
    return Math.max(LEAST_WINDOW, listenerBufferBytes());
  }

  /** The same, but with no policies to be kept. */
  public Settings withoutPolicies() {
    return new Settings(
        listener,
        clientTrafficPolicy,
        backendTrafficPolicy,
        envoyPatchPolicy,
        gatewayPlugin,
        accessLog,
        gateway.off());
  }

  /** What holds when the file says nothing. */
  public static Settings defaults() {
    try {
      return parse("defaults", "{}");
    } catch (ConfigException e) {
      throw new IllegalStateException("the defaults must be valid", e);
    }
  }
}
