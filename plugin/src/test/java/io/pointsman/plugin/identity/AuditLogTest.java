package io.pointsman.plugin.identity;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class AuditLogTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  @TempDir private Path folder;

  private static AuditEvent event(String what) {
    return AuditEvent.admin("api_key_created", "master-key", what, null, 201);
  }

  private double count(String result) {
    return meters.get("pointsman.audit.events").tag("result", result).counter().count();
  }

  @Test
  void eachEventIsALineOfJson() {
    var out = new ByteArrayOutputStream();
    var who = new Identity(Identity.Kind.KEY, "jobs", 0, 0, 0);
    try (var audit = AuditLog.to(out, meters)) {
      audit.record(event("a\n\"b\""));
      audit.record(
          AuditEvent.rejected(who, "/v1/completions", "pointsman_x", 429, "r".repeat(1000)));
    }

    String[] lines = out.toString(UTF_8).split("\n", -1);
    assertThat(lines).hasSize(3);
    JsonObject first = JsonParser.parseString(lines[0]).getAsJsonObject();
    assertThat(first.keySet()).containsExactly("time", "event", "who", "what", "status");
    assertThat(first.get("what").getAsString()).isEqualTo("a\n\"b\"");
    JsonObject second = JsonParser.parseString(lines[1]).getAsJsonObject();
    assertThat(second.get("event").getAsString()).isEqualTo("request_rejected");
    assertThat(second.get("who").getAsString()).isEqualTo("key:jobs");
    assertThat(second.get("why").getAsString()).isEqualTo("pointsman_x");
    assertThat(second.get("status").getAsInt()).isEqualTo(429);
    assertThat(second.get("request_id").getAsString()).isEqualTo("r".repeat(128));
    assertThat(count("written")).isEqualTo(2);
  }

  @Test
  void aFileThatWasMovedAwayIsBegunAnew() throws Exception {
    Path file = folder.resolve("audit.log");
    try (var audit = AuditLog.to(file, meters)) {
      audit.record(event("one"));
      await().atMost(LONG).until(() -> Files.size(file) > 0);
      Files.move(file, folder.resolve("audit.log.1"));
      audit.record(event("two"));
      await().atMost(LONG).until(() -> Files.exists(file) && Files.size(file) > 0);
    }
    assertThat(Files.readString(file)).contains("\"two\"").doesNotContain("\"one\"");
  }

  @Test
  void aFileThatCannotBeWrittenIsToldAtOnce() {
    assertThatThrownBy(() -> AuditLog.to(folder.resolve("no/such/folder"), meters))
        .isInstanceOf(IOException.class);
  }

  @Test
  void whatCannotBeWrittenIsCountedAndNobodyWaits() {
    var stuck = new CountDownLatch(1);
    var audit =
        AuditLog.start(
            lines -> {
              try {
                stuck.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              throw new IOException("disk full");
            },
            meters);
    int events = 3 * AuditLog.MAX_WAITING;
    for (int i = 0; i < events; i++) {
      audit.record(event("x"));
    }
    assertThat(count("dropped")).isGreaterThanOrEqualTo(AuditLog.MAX_WAITING);
    stuck.countDown();
    audit.close();
    assertThat(count("dropped")).isEqualTo(events);
    assertThat(count("written")).isZero();
  }

  @Test
  void offRecordsNothing() {
    try (var audit = AuditLog.off(meters)) {
      audit.record(event("x"));
      assertThat(audit.isOn()).isFalse();
    }
    assertThat(count("written") + count("dropped")).isZero();
  }
}
