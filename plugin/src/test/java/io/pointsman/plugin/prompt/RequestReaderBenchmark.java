package io.pointsman.plugin.prompt;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** What it costs to read a chat request, and its bytes of allocation. Run the main method. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 6, time = 1)
@Fork(1)
public class RequestReaderBenchmark {
  /** Ten turns and a system message; the text between them takes up the rest. */
  private static final int MESSAGES = 11;

  /** What the messages are made of. */
  public enum Text {
    /** An escape every 45 bytes, as in text with line breaks and quotations. */
    ESCAPED("The quick brown fox jumps over the lazy dog \\n"),
    ASCII("The quick brown fox jumps over the lazy dog. "),
    CHINESE("\u654f\u6377\u7684\u68d5\u8272\u72d0\u72f8\u8df3\u8fc7\u61d2\u72d7, ");

    private final String piece;

    Text(String piece) {
      this.piece = piece;
    }
  }

  @Param({"2048", "32768"})
  public int bodyBytes;

  @Param public Text text = Text.ESCAPED;

  private final RequestReader reader = new RequestReader();
  private byte[] body = new byte[0];
  private byte[] answer = new byte[0];

  public static void main(String[] args) throws RunnerException {
    Options options =
        new OptionsBuilder()
            .include(
                RequestReaderBenchmark.class.getSimpleName()
                    + "."
                    + (args.length > 0 ? args[0] : ""))
            .addProfiler(GCProfiler.class)
            .build();
    new Runner(options).run();
  }

  @Setup
  public void write() {
    int perMessage = (bodyBytes - 150) / MESSAGES - 35;
    int pieces = perMessage / text.piece.getBytes(UTF_8).length;
    StringBuilder json = new StringBuilder("{\"messages\":[");
    for (int i = 0; i < MESSAGES; i++) {
      String role = i == 0 ? "system" : i % 2 == 1 ? "user" : "assistant";
      json.append("{\"role\":\"").append(role).append("\",\"content\":\"");
      json.append(text.piece.repeat(pieces)).append("\"}").append(i < MESSAGES - 1 ? "," : "");
    }
    json.append("],\"temperature\":0.7,\"max_tokens\":512,\"stream\":true,");
    json.append("\"stream_options\":{\"include_usage\":true},\"model\":\"qwen3-8b\"}");
    body = json.toString().getBytes(UTF_8);
    String delta =
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"model\":\"qwen3-8b\","
            + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" token\"}}]}\n\n";
    answer = delta.repeat(bodyBytes / delta.length()).getBytes(UTF_8);
  }

  @Benchmark
  public ReadResult request() {
    return reader.read(Api.CHAT_COMPLETIONS, null, body, 0, body.length, true);
  }

  @Benchmark
  public UsageReader streamedAnswer() {
    UsageReader usage = new UsageReader(true);
    usage.accept(answer, 0, answer.length);
    return usage;
  }
}
