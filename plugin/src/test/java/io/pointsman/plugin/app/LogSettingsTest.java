package io.pointsman.plugin.app;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What the program's logback.xml says of libraries. */
class LogSettingsTest {
  /** A client could fill the log with it: one stack trace for each body that is too long. */
  @Test
  void whatGrpcLogsOfMessagesThatAreTooLongIsOff() throws Exception {
    // If gRPC renames the class, this fails rather than the setting.
    Class<?> logs = Class.forName("io.grpc.netty.shaded.io.grpc.netty.NettyServerStream");

    assertThat(LoggerFactory.getLogger(logs).isErrorEnabled()).isFalse();
    assertThat(LoggerFactory.getLogger("io.grpc.netty").isWarnEnabled()).isTrue();
  }
}
