package io.pointsman.plugin.app;

import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.identity.AuditLog;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Opens the audit log that a setting names. */
final class AuditLogs {
  private static final String STDOUT = "stdout";

  private AuditLogs() {}

  /**
   * @param where a file, {@code stdout} (for commands standard error, see {@link Main}), or null
   *     for none
   * @throws StartException if the file cannot be written
   */
  static AuditLog open(@Nullable String where, MeterRegistry meters) throws StartException {
    if (where == null) {
      return AuditLog.off(meters);
    }
    if (where.equals(STDOUT)) {
      return AuditLog.to(System.out, meters);
    }
    try {
      return AuditLog.to(Path.of(where), meters);
    } catch (IOException e) {
      throw new StartException(
          Setting.AUDIT_LOG.flag() + ": cannot write the file \"" + where + "\": " + e, e);
    }
  }
}
