package io.pointsman.plugin.redis;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.HostAndPort;

/**
 * Which Redis to connect to, and as whom. {@link #toString()} masks the password.
 *
 * @param kind a server, a server found by Sentinels, or a cluster
 * @param nodes the server; the Sentinels; some nodes of the cluster
 * @param master name by which the Sentinels know the server, else null
 * @param user ACL user, or null for the default user
 * @param password or null where Redis asks for none
 * @param database index, from 0; always 0 in a cluster
 * @param tls true to connect by TLS and check the server's certificate and name
 */
public record RedisTarget(
    Kind kind,
    List<HostAndPort> nodes,
    @Nullable String master,
    @Nullable String user,
    @Nullable String password,
    int database,
    boolean tls) {

  /** How a Redis is set up. */
  public enum Kind {
    STANDALONE("redis", 6379),
    SENTINEL("redis-sentinel", 26379),
    CLUSTER("redis-cluster", 6379);

    private final String scheme;
    private final int port;

    Kind(String scheme, int port) {
      this.scheme = scheme;
      this.port = port;
    }
  }

  public static final int DEFAULT_PORT = 6379;

  private static final String EXPECTED =
      "expected redis://[[user]:password@]host[:port][/database],"
          + " redis-sentinel://[login@]host[:port],…[/database]?master=name"
          + " or redis-cluster://[login@]host[:port],…; rediss in place of redis for TLS";

  private static final String MASTER = "master=";

  public RedisTarget {
    nodes = List.copyOf(nodes);
  }

  /** One server. */
  public RedisTarget(
      String host,
      int port,
      @Nullable String user,
      @Nullable String password,
      int database,
      boolean tls) {
    this(
        Kind.STANDALONE, List.of(new HostAndPort(host, port)), null, user, password, database, tls);
  }

  /**
   * Reads a URL. User and password are percent-decoded.
   *
   * @throws IllegalArgumentException with what was expected; the text is not repeated, for it may
   *     hold a password
   */
  public static RedisTarget parse(String url) {
    // By hand, for java.net.URI knows no lists of hosts.
    int schemeEnd = url.indexOf("://");
    if (schemeEnd < 0 || url.indexOf('#') >= 0 || url.indexOf(' ') >= 0) {
      throw unexpected();
    }
    String scheme = url.substring(0, schemeEnd);
    boolean tls = scheme.startsWith("rediss");
    Kind kind = kind(tls ? scheme.replaceFirst("rediss", "redis") : scheme);
    String rest = url.substring(schemeEnd + 3);
    int query = rest.indexOf('?');
    String master = master(kind, query < 0 ? null : rest.substring(query + 1));
    String address = query < 0 ? rest : rest.substring(0, query);
    int slash = address.indexOf('/');
    int database = slash < 0 ? 0 : database(address.substring(slash));
    String authority = slash < 0 ? address : address.substring(0, slash);
    if (kind == Kind.CLUSTER && database != 0) {
      throw unexpected();
    }
    String user = null;
    String password = null;
    int at = authority.lastIndexOf('@');
    if (at >= 0) {
      int colon = authority.indexOf(':');
      if (colon < 0 || colon > at) {
        throw unexpected();
      }
      user = emptyToNull(percentDecoded(authority.substring(0, colon)));
      password = emptyToNull(percentDecoded(authority.substring(colon + 1, at)));
    }
    List<HostAndPort> nodes = nodes(authority.substring(at + 1), kind);
    return new RedisTarget(kind, nodes, master, user, password, database, tls);
  }

  /** The same with another password, or with none. */
  public RedisTarget withPassword(@Nullable String other) {
    return new RedisTarget(kind, nodes, master, user, other, database, tls);
  }

  private static Kind kind(String scheme) {
    for (Kind kind : Kind.values()) {
      if (kind.scheme.equals(scheme)) {
        return kind;
      }
    }
    throw unexpected();
  }

  private static List<HostAndPort> nodes(String list, Kind kind) {
    var nodes = new ArrayList<HostAndPort>();
    for (String node : list.split(",", -1)) {
      // A port separator is the last colon that does not belong to an IPv6 address.
      int colon = node.lastIndexOf(':');
      boolean hasPort = colon > node.lastIndexOf(']');
      String host = hasPort ? node.substring(0, colon) : node;
      if (host.startsWith("[") && host.endsWith("]")) {
        host = host.substring(1, host.length() - 1);
      }
      int port = hasPort ? number(node.substring(colon + 1), 1, 65_535) : kind.port;
      if (host.isEmpty()) {
        throw unexpected();
      }
      nodes.add(new HostAndPort(host, port));
    }
    if (kind == Kind.STANDALONE && nodes.size() > 1) {
      throw unexpected();
    }
    return nodes;
  }

  private static @Nullable String master(Kind kind, @Nullable String query) {
    if (kind != Kind.SENTINEL) {
      if (query != null) {
        throw unexpected();
      }
      return null;
    }
    if (query == null || !query.startsWith(MASTER) || query.length() == MASTER.length()) {
      throw unexpected();
    }
    return percentDecoded(query.substring(MASTER.length()));
  }

  /** Not URLDecoder, which would turn a plus sign into a space. */
  private static String percentDecoded(String text) {
    try {
      return new URI("x:/" + text).getSchemeSpecificPart().substring(1);
    } catch (URISyntaxException e) {
      throw unexpected(); // without the cause: it holds the text
    }
  }

  private static int database(String path) {
    return path.isEmpty() || path.equals("/") ? 0 : number(path.substring(1), 0, Integer.MAX_VALUE);
  }

  private static int number(String text, int min, int max) {
    try {
      int number = Integer.parseInt(text);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw unexpected();
  }

  private static IllegalArgumentException unexpected() {
    return new IllegalArgumentException(EXPECTED);
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
    String hosts =
        nodes.stream()
            .map(node -> bracketed(node.getHost()) + ":" + node.getPort())
            .collect(Collectors.joining(","));
    String scheme = tls ? kind.scheme.replaceFirst("redis", "rediss") : kind.scheme;
    String query = master == null ? "" : "?" + MASTER + master;
    return scheme + "://" + login + hosts + "/" + database + query;
  }

  private static String bracketed(String host) {
    return host.indexOf(':') >= 0 ? "[" + host + "]" : host;
  }
}
