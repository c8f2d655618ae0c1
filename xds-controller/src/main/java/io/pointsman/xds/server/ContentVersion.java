package io.pointsman.xds.server;

import com.google.protobuf.Message;
import com.google.protobuf.StringValue;
import io.pointsman.xds.snapshot.Protos;
import java.util.Map;
import java.util.TreeMap;

/**
 * Versions that are a function of content alone, so that an Envoy that moves from one controller
 * replica to another finds nothing new. ({@link Message#hashCode} differs between processes.)
 */
final class ContentVersion {
  /** Enough that two contents never meet, short enough to read in a log. */
  private static final int BYTES = 12;

  private ContentVersion() {}

  /** The version of one resource. */
  static String of(Message resource) {
    return Protos.fingerprint(resource, BYTES);
  }

  /** The version of a set of things that have names and versions. */
  static String of(Map<String, String> versionsByName) {
    return of(StringValue.of(new TreeMap<>(versionsByName).toString()));
  }
}
