package io.pointsman.plugin.extproc;

import static io.pointsman.plugin.extproc.FakeEnvoy.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpTrailers;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest.RequestCase;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse.ResponseCase;
import io.pointsman.plugin.endpoint.Topology;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Messages of any kind in any order, sensible more often than not: whatever comes, the stream
 * answers or ends, and nothing stays behind.
 */
class RandomMessagesTest {
  private static final int STREAMS_PER_SEED = 150;
  private static final BodySendMode[] MODES = {
    BodySendMode.NONE,
    BodySendMode.STREAMED,
    BodySendMode.BUFFERED,
    BodySendMode.BUFFERED_PARTIAL,
    BodySendMode.FULL_DUPLEX_STREAMED
  };
  private static final String[] BODIES = {
    CHAT,
    CHAT.substring(0, 30),
    "",
    "no json",
    "{\"model\":\"llama\"",
    CHAT.replace("llama", "qwen")
  };
  private static final String[] PATHS = {
    "/v1/chat/completions", "/v1/chat/completions", "/v1/completions", "/nowhere"
  };
  private static final String[] STRATEGIES = {"", "", "random", "prompted", "broken", "unknown"};
  private static final Map<RequestCase, ResponseCase> ANSWERS = new EnumMap<>(RequestCase.class);

  static {
    ANSWERS.put(RequestCase.REQUEST_HEADERS, ResponseCase.REQUEST_HEADERS);
    ANSWERS.put(RequestCase.REQUEST_BODY, ResponseCase.REQUEST_BODY);
    ANSWERS.put(RequestCase.REQUEST_TRAILERS, ResponseCase.REQUEST_TRAILERS);
    ANSWERS.put(RequestCase.RESPONSE_HEADERS, ResponseCase.RESPONSE_HEADERS);
    ANSWERS.put(RequestCase.RESPONSE_BODY, ResponseCase.RESPONSE_BODY);
    ANSWERS.put(RequestCase.RESPONSE_TRAILERS, ResponseCase.RESPONSE_TRAILERS);
  }

  static LongStream seeds() {
    return LongStream.rangeClosed(1, 20);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void streamsAnswerOrEndAndLeaveNothing(long seed) {
    var random = new SplittableRandom(seed);
    var settings =
        new ExtProcSettings(
            random.nextInt(1, 200),
            null,
            random.nextBoolean(),
            random.nextBoolean(),
            random.nextBoolean(),
            random.nextBoolean(),
            random.nextBoolean());
    Topology topology = random.nextBoolean() ? ExtProcFixture.ONE_MODEL : ExtProcFixture.TWO_MODELS;
    try (var fixture = new ExtProcFixture(settings, topology)) {
      for (int i = 0; i < STREAMS_PER_SEED; i++) {
        String where = "seed " + seed + " stream " + i;
        play(fixture, random, where);
        assertThat(fixture.inFlight()).as(where).isZero();
        assertThat(fixture.service.openStreams()).as(where).isZero();
      }
    }
  }

  private static void play(ExtProcFixture fixture, SplittableRandom random, String where) {
    BodySendMode requestMode = pick(random, MODES);
    BodySendMode responseMode = pick(random, MODES);
    var envoy = fixture.open().modes(requestMode, responseMode);
    List<String> history = new ArrayList<>(List.of(where, requestMode + "/" + responseMode));
    var counts = new EnumMap<ResponseCase, Integer>(ResponseCase.class);
    boolean responded = false;
    int length = random.nextInt(1, 9);
    for (int i = 0; i < length && envoy.status() == null; i++) {
      ProcessingRequest.Builder message = message(random, i);
      RequestCase kind = message.getRequestCase();
      history.add(kind.name());
      envoy.send(message);
      List<ProcessingResponse> replies = new ArrayList<>();
      while (envoy.pending() > 0) {
        replies.add(envoy.reply());
      }
      boolean request = kind.name().startsWith("REQUEST_");
      BodySendMode mode = request ? requestMode : responseMode;
      if (mode != BodySendMode.FULL_DUPLEX_STREAMED && envoy.status() == null) {
        assertThat(replies).as("%s", history).hasSize(1);
      }
      for (ProcessingResponse reply : replies) {
        ResponseCase answer = reply.getResponseCase();
        counts.merge(answer, 1, Integer::sum);
        if (answer == ResponseCase.IMMEDIATE_RESPONSE) {
          assertThat(responded).as("%s", history).isFalse();
          assertThat(envoy.status()).as("%s", history).isNotNull();
        } else if (mode != BodySendMode.FULL_DUPLEX_STREAMED) {
          assertThat(answer).as("%s", history).isEqualTo(ANSWERS.get(kind));
        } else {
          assertThat(answer.name()).as("%s", history).startsWith(request ? "REQUEST" : "RESPONSE");
        }
      }
      responded |= !request && !replies.isEmpty();
    }
    for (ResponseCase once :
        List.of(
            ResponseCase.REQUEST_HEADERS,
            ResponseCase.RESPONSE_HEADERS,
            ResponseCase.REQUEST_TRAILERS,
            ResponseCase.RESPONSE_TRAILERS,
            ResponseCase.IMMEDIATE_RESPONSE)) {
      assertThat(counts.getOrDefault(once, 0)).as("%s %s", history, once).isLessThanOrEqualTo(1);
    }
    if (random.nextBoolean()) {
      envoy.halfClose();
      assertThat(envoy.status()).as("%s", history).isNotNull();
    } else {
      envoy.cancel();
    }
  }

  /** The message of a sensible stream at this place, or in one of three cases any. */
  private static ProcessingRequest.Builder message(SplittableRandom random, int place) {
    int kind = random.nextInt(3) == 0 ? random.nextInt(7) : Math.min(place, 5);
    boolean last = random.nextBoolean();
    return switch (kind) {
      case 0 ->
          FakeEnvoy.requestHeaders(
              pick(random, PATHS),
              random.nextInt(8) == 0,
              "routing-strategy",
              pick(random, STRATEGIES));
      case 1 -> FakeEnvoy.requestBody(body(random), last);
      case 2 ->
          last
              ? FakeEnvoy.responseHeaders(200, random.nextInt(8) == 0)
              : ProcessingRequest.newBuilder()
                  .setRequestTrailers(HttpTrailers.getDefaultInstance());
      case 3 -> FakeEnvoy.responseHeaders(503, random.nextInt(8) == 0);
      case 4 -> FakeEnvoy.responseBody(body(random), last);
      case 5 ->
          ProcessingRequest.newBuilder().setResponseTrailers(HttpTrailers.getDefaultInstance());
      default -> ProcessingRequest.newBuilder();
    };
  }

  private static ByteString body(SplittableRandom random) {
    return ByteString.copyFromUtf8(pick(random, BODIES));
  }

  private static <T> T pick(SplittableRandom random, T[] values) {
    return values[random.nextInt(values.length)];
  }
}
