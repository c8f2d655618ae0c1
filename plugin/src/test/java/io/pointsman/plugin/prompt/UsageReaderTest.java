package io.pointsman.plugin.prompt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UsageReaderTest {
  private static final String OPENAI_STREAM =
      """
      data: {"choices":[{"delta":{"role":"assistant"}}],"usage":null}

      data: {"choices":[{"delta":{"content":"say \\"usage\\": {\\"prompt_tokens\\": 99}"}}]}

      : keep-alive

      data: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":34,"total_tokens":46}}

      data: [DONE]

      """;
  private static final String ANTHROPIC_STREAM =
      """
      event: message_start
      data: {"type":"message_start","message":{"id":"m","usage":{"input_tokens":12,"output_tokens":1}}}

      event: content_block_delta
      data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"hi"}}

      event: message_delta
      data: {"type":"message_delta","delta":{},"usage":{"output_tokens":34}}

      event: message_stop
      data: {"type":"message_stop"}

      """;
  private static final String RESPONSES_STREAM =
      """
      event: response.created
      data: {"type":"response.created","response":{"id":"r","usage":null}}

      event: response.completed
      data: {"type":"response.completed","response":{"id":"r","output":[{"usage":
      data: {"input_tokens":1}}],"usage":{"input_tokens":12,"input_tokens_details":
      data: {"cached_tokens":5},"output_tokens":34}}}

      """;

  @ParameterizedTest
  @ValueSource(strings = {OPENAI_STREAM, ANTHROPIC_STREAM, RESPONSES_STREAM})
  void streamsAreReadWhereverTheyAreSplitAndHoweverTheirLinesEnd(String stream) {
    for (String lineEnd : new String[] {"\n", "\r\n", "\r"}) {
      byte[] bytes = stream.replace("\n", lineEnd).getBytes(UTF_8);
      for (int split = 0; split <= bytes.length; split++) {
        UsageReader reader = new UsageReader(true);
        reader.accept(bytes, 0, split);
        reader.accept(bytes, split, bytes.length - split);
        assertUsage(reader, 12, 34);
        assertThat(reader.terminalEventSeen()).isTrue();
      }
    }
  }

  @Test
  void streamsAreReadByteByByteFromTheMiddleOfAnArray() {
    byte[] bytes = ("\ufeffxx" + OPENAI_STREAM).getBytes(UTF_8);
    UsageReader reader = new UsageReader(true);
    reader.accept(bytes, 0, 3);
    for (int i = 5; i < bytes.length; i++) {
      reader.accept(bytes, i, 1);
    }
    assertUsage(reader, 12, 34);
    assertThat(reader.terminalEventSeen()).isTrue();
  }

  @Test
  void continuousUsageIsKnownAllAlongAndTheLastOneStays() {
    UsageReader reader = new UsageReader(true);
    assertUsage(reader, -1, -1);
    assertThat(reader.seen()).isFalse();

    for (int tokens = 1; tokens <= 3; tokens++) {
      String event =
          "data: {\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":" + tokens + "}}\n\n";
      reader.accept(event.getBytes(UTF_8), 0, event.length());
      assertUsage(reader, 7, tokens);
      assertThat(reader.seen()).isTrue();
      assertThat(reader.terminalEventSeen()).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "data: {\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":34}}",
        "data:{\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":34}}\n",
        "data: {\"u\\u0073age\":\ndata\ndata:{\"completion_tokens\":34,\"prompt_tokens\":12}}\n\n",
        "id: 1\ndata: {\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":34}}\nretry: 5\n\n"
      })
  void eventsAreReadAsTheStandardHasThem(String stream) {
    UsageReader reader = new UsageReader(true);
    reader.accept(stream.getBytes(UTF_8), 0, stream.length());
    reader.end();

    assertUsage(reader, 12, 34);
    assertThat(reader.terminalEventSeen()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "data: {\"usage\":{\"prompt_tokens\":99}\n\n",
        "data: {]}\n\n",
        "data: {\"usage\":{\"prompt_tokens\":9\ndata:9}}\n\n",
        "xdata: {\"usage\":{\"prompt_tokens\":99}}\n\n",
        "data: {\"usage\":{\"prompt_tokens\":99}}\ndata: {}\n\n",
        "data: {\"usage\":{\"prompt_tokens\":\"99\",\"completion_tokens\":-1}}\n\n",
        "data: {\"usage\":{\"prompt_tokens\":99.0,\"completion_tokens\":null}}\n\n"
      })
  void whatIsNoUsageDoesNotReplaceIt(String event) {
    UsageReader reader = new UsageReader(true);
    String usage = "data: {\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":34}}\n\n";
    reader.accept((usage + event).getBytes(UTF_8), 0, usage.length() + event.length());
    reader.end();

    assertUsage(reader, 12, 34);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "data: [DONE]\n\n",
        "data:[DONE]\r\r",
        "data:  [DONE] \r\n\r\n",
        "data: [DONE]",
        "event: x\ndata: [DONE]\n\n",
        "data: {\"type\":\"response.incomplete\"}\n\n",
        "data: {\"type\":\"response.failed\",\"response\":{}}\n\n"
      })
  void terminalEventsEndAStream(String stream) {
    UsageReader reader = new UsageReader(true);
    reader.accept(stream.getBytes(UTF_8), 0, stream.length());
    reader.end();

    assertThat(reader.terminalEventSeen()).isTrue();
    assertThat(reader.seen()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "data: [DONE\n\n",
        "data: [DONE]x\n\n",
        "data: [DO NE]\n\n",
        "data: [DO\ndata: NE]\n\n",
        ": [DONE]\n\n",
        "event: [DONE]\n\n",
        "data: \"[DONE]\"\n\n",
        "data: {\"delta\":{\"type\":\"message_stop\"}}\n\n",
        "data: {\"text\":\"message_stop\"}\n\n",
        "data: {\"type\":\"message_stop_or_so\"}\n\n",
        "data: {\"type\":\"message_stop\"\n\n",
        "data: [D"
      })
  void otherEventsDoNot(String stream) {
    UsageReader reader = new UsageReader(true);
    reader.accept(stream.getBytes(UTF_8), 0, stream.length());
    reader.end();

    assertThat(reader.terminalEventSeen()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"id\":\"x\",\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":34}}",
        "{\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":34},\"choices\":[{\"message\":{"
            + "\"content\":\"\\\"usage\\\":{\\\"prompt_tokens\\\":1}\"}}]}",
        "{\"usage\":{\"output_tokens\":34,\"x\":{\"input_tokens\":1},\"input_tokens\":12}}",
        "{\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":34},\"choices\":[{\"cut off",
        "{\"choices\":[{\"usage\":{\"prompt_tokens\":1}}],\"usage\":{\"prompt_tokens\":12,"
            + "\"completion_tokens\":34}}",
        "{\"object\":\"response\",\"output\":[],\"usage\":{\"input_tokens\":12,\"output_tokens\":34}}"
      })
  void jsonBodiesAreReadWhereverTheyAreSplit(String body) {
    byte[] bytes = body.getBytes(UTF_8);
    for (int split = 0; split <= bytes.length; split++) {
      UsageReader reader = new UsageReader(false);
      reader.accept(bytes, 0, split);
      reader.accept(bytes, split, bytes.length - split);
      reader.end();
      assertUsage(reader, 12, 34);
    }
  }

  @Test
  void embeddingsHaveNoCompletionTokens() {
    UsageReader reader = new UsageReader(false);
    String body = "{\"data\":[],\"usage\":{\"prompt_tokens\":5,\"total_tokens\":5}}";
    reader.accept(body.getBytes(UTF_8), 0, body.length());
    reader.end();

    assertUsage(reader, 5, -1);
    assertThat(reader.seen()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "upstream connect error",
        "{",
        "[]",
        "{\"usage\":5}",
        "{\"usage\":[{\"prompt_tokens\":5}]}",
        "[{\"usage\":{\"prompt_tokens\":5}}]",
        "{\"a\":{\"usage\":{\"prompt_tokens\":5}}}",
        "{\"usage\":{\"prompt_tokens\":5",
        "{\"usage\":{\"prompt_tokens\":99999999999999999999}}",
        "{\"usage\" \"x\":{\"prompt_tokens\":5}}",
        "\u0000\u001f\u008b"
      })
  void whatSaysNothingOfUsageLeavesItUnknown(String body) {
    UsageReader reader = new UsageReader(false);
    byte[] bytes = body.getBytes(UTF_8);
    reader.accept(bytes, 0, bytes.length);
    reader.end();

    assertUsage(reader, -1, -1);
    assertThat(reader.seen()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anEndlessBodyCostsNoMemory(boolean eventStream) {
    byte[][] chunks = {
      "data: {\"choices\":[\"".getBytes(UTF_8),
      "text \\u00e9 ".repeat(1_000).getBytes(UTF_8),
      "[{\"a\":".repeat(10_000).getBytes(UTF_8),
      ":".repeat(10_000).getBytes(UTF_8),
      "9".repeat(10_000).getBytes(UTF_8)
    };
    UsageReader reader = new UsageReader(eventStream);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    for (byte[] chunk : chunks) {
      for (int i = 0; i < 200; i++) {
        reader.accept(chunk, 0, chunk.length);
      }
    }
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(10_000);

    String usage = "\n\ndata: {\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":34}}\n\n";
    reader.accept(usage.getBytes(UTF_8), 0, usage.length());
    assertUsage(reader, eventStream ? 12 : -1, eventStream ? 34 : -1);
  }

  private static void assertUsage(UsageReader reader, long prompt, long completion) {
    assertThat(reader.promptTokens()).isEqualTo(prompt);
    assertThat(reader.completionTokens()).isEqualTo(completion);
  }
}
