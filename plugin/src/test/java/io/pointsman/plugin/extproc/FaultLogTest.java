package io.pointsman.plugin.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.endpoint.Pools;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class FaultLogTest {
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5);
  private final FaultLog faults =
      new FaultLog(new RequestMetrics(meters, () -> Pools.EMPTY), clock::get);
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

  @BeforeEach
  void listen() {
    lines.start();
    logger().addAppender(lines);
  }

  @AfterEach
  void stopListening() {
    logger().detachAppender(lines);
  }

  @Test
  void eachFaultIsCountedButOneLineAMinuteIsEnough() {
    for (int i = 0; i < 1000; i++) {
      faults.report(ProtocolFault.OUT_OF_ORDER, "again");
    }
    assertThat(lines.list).hasSize(1);
    clock.addAndGet(TimeUnit.SECONDS.toNanos(59));
    faults.report(ProtocolFault.OUT_OF_ORDER, "again");
    assertThat(lines.list).hasSize(1);

    clock.addAndGet(TimeUnit.SECONDS.toNanos(1));
    faults.report(ProtocolFault.OUT_OF_ORDER, "a minute later");

    assertThat(lines.list).hasSize(2);
    assertThat(lines.list.get(1).getFormattedMessage())
        .contains("fault=out_of_order", "a minute later");
    assertThat(
            meters
                .get("pointsman.extproc.protocol.errors")
                .tag("kind", "out_of_order")
                .counter()
                .count())
        .isEqualTo(1002);
  }

  @Test
  void oneKindDoesNotSilenceAnother() {
    faults.report(ProtocolFault.OUT_OF_ORDER, "one");
    faults.report(ProtocolFault.INTERNAL, "other", new IllegalStateException("why"));

    assertThat(lines.list).hasSize(2);
    assertThat(lines.list.get(1).getThrowableProxy().getMessage()).isEqualTo("why");
  }

  private static Logger logger() {
    return (Logger) LoggerFactory.getLogger(FaultLog.class);
  }
}
