package io.pointsman.plugin.redis;

import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Which Redis to connect to, and as whom. {@link #toString()} masks the password.
 *
 * @param host name or address without brackets
 * @param port TCP port
 * @param user ACL user, or null for the default user
 * @param password or null where Redis asks for none
 * @param database index, from 0
 * @param tls true to connect by TLS and check the server's certificate and name
 */
public record RedisTarget(
    String host,
    int port,
    @Nullable String user,
    @Nullable String password,
    int database,
    boolean tls) {
  public static final int DEFAULT_PORT = 6379;

  private static final String EXPECTED =
      "expected redis://[[user]:password@]host[:port][/database], or rediss:// for TLS";

  /**
   * Reads {@code redis://[[user]:password@]host[:port][/database]}; {@code rediss} means TLS. User
   * and password are percent-decoded.
   *
   * @throws IllegalArgumentException with what was expected; the text is not repeated, for it may
   *     hold a password
   */
  public static RedisTarget parse(String url) {
    URI uri;
    try {
      uri = new URI(url);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(EXPECTED); // without the cause: it holds the text
    }
    boolean tls = "rediss".equals(uri.getScheme());
    if (!tls && !"redis".equals(uri.getScheme())) {
      throw new IllegalArgumentException(EXPECTED);
    }
    String host = uri.getHost();
    if (host == null || uri.getRawQuery() != null || uri.getRawFragment() != null) {
      throw new IllegalArgumentException(EXPECTED);
    }
    if (host.startsWith("[")) {
      host = host.substring(1, host.length() - 1);
    }
    int port = uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort();
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException(EXPECTED);
    }
    String user = null;
    String password = null;
    if (uri.getRawUserInfo() != null) {
      int colon = uri.getRawUserInfo().indexOf(':');
      if (colon < 0) {
        throw new IllegalArgumentException(EXPECTED);
      }
      user = emptyToNull(percentDecoded(uri.getRawUserInfo().substring(0, colon)));
      password = emptyToNull(percentDecoded(uri.getRawUserInfo().substring(colon + 1)));
    }
    return new RedisTarget(host, port, user, password, database(uri.getPath()), tls);
  }

  /** Not URLDecoder, which would turn a plus sign into a space. */
  private static String percentDecoded(String text) {
    return URI.create("x:/" + text).getSchemeSpecificPart().substring(1);
  }

  private static int database(String path) {
    if (path.isEmpty() || path.equals("/")) {
      return 0;
    }
    try {
      int database = Integer.parseInt(path.substring(1));
      if (database >= 0) {
        return database;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IllegalArgumentException(EXPECTED);
  }

  private static @Nullable String emptyToNull(String text) {
    return text.isEmpty() ? null : text;
  }

  /** The URL again, with the password masked. */
  @Override
  public String toString() {
    String secret = password == null ? "" : ":***";
    String login =
        user == null && password == null ? "" : (user == null ? "" : user) + secret + "@";
    return (tls ? "rediss://" : "redis://")
        + login
        + (host.indexOf(':') >= 0 ? "[" + host + "]" : host)
        + ":"
        + port
        + "/"
        + database;
  }
}
