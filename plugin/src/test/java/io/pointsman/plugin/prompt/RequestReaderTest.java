package io.pointsman.plugin.prompt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.prompt.Malformed.Kind;
import org.junit.jupiter.api.Test;

class RequestReaderTest {
  private static final String CHAT =
      "\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";

  @Test
  void readsTheFieldsOfAChatRequest() {
    ParsedRequest request =
        parsed(
            Api.CHAT_COMPLETIONS,
            """
            {"messages":[{"role":"user","content":"hello \\u0041"}],"stream":true,"max_tokens":7,
             "stream_options":{"include_usage":true},"temperature":0.5e-1,"model":"qwen\\/7b"}
            """);

    assertThat(request.model()).isEqualTo("qwen/7b");
    assertThat(request.stream()).isTrue();
    assertThat(request.includeUsage()).isTrue();
    assertThat(request.maxTokens()).isEqualTo(7);
    assertThat(SpanText.of(request.prompt())).containsExactly("|ROLE user", "\\TEXT hello \\u0041");
  }

  @Test
  void absentOptionsHaveTheirDefaults() {
    ParsedRequest request =
        parsed(Api.CHAT_COMPLETIONS, "{" + CHAT + ",\"stream\":null,\"max_tokens\":null}");

    assertThat(request.stream()).isFalse();
    assertThat(request.includeUsage()).isFalse();
    assertThat(request.maxTokens()).isEqualTo(-1);
  }

  @Test
  void modelMustBeAStringWithSomethingInIt() {
    assertThat(malformed("{\"messages\":[{}]}").message()).isEqualTo("model is missing");
    assertThat(malformed("{\"model\":7,\"messages\":[{}]}").message())
        .isEqualTo("model must be a string");
    assertThat(malformed("{\"model\":null,\"messages\":[{}]}").message())
        .isEqualTo("model must be a string");
    assertThat(malformed("{\"model\":\"\",\"messages\":[{}]}").message())
        .isEqualTo("model must not be empty");
    assertThat(malformed("{\"model\":\"a\\r\\nb: c\",\"messages\":[{}]}").message())
        .isEqualTo("model must not contain control characters");
  }

  @Test
  void duplicateKeyIsRefusedInWhateverSpelling() {
    assertThat(malformed("{" + CHAT + ",\"\\u006dodel\":\"other\"}").message())
        .isEqualTo("duplicate key: model");
    assertThat(malformed("{" + CHAT + ",\"messages\":[]}").message())
        .isEqualTo("duplicate key: messages");
  }

  @Test
  void aBodyThatEnvoyCutIsReadAsFarAsItGoes() {
    String whole = "{\"model\":\"m\",\"messages\":[{\"content\":\"abcdef";

    ReadResult cut = read(Api.CHAT_COMPLETIONS, whole, false);
    ReadResult tooEarly = read(Api.CHAT_COMPLETIONS, "{\"messages\":[{}],\"mod", false);

    assertThat(cut).isInstanceOf(ParsedRequest.class);
    assertThat(SpanText.of(((ParsedRequest) cut).prompt())).containsExactly("|TEXT abcdef");
    assertThat(((Malformed) tooEarly).kind()).isEqualTo(Kind.INCOMPLETE);
  }

  static ReadResult read(Api api, String body, boolean complete) {
    byte[] bytes = body.getBytes(UTF_8);
    return new RequestReader().read(api, null, bytes, 0, bytes.length, complete);
  }

  private static ParsedRequest parsed(Api api, String body) {
    ReadResult result = read(api, body, true);
    assertThat(result).as(body).isInstanceOf(ParsedRequest.class);
    return (ParsedRequest) result;
  }

  private static Malformed malformed(String body) {
    ReadResult result = read(Api.CHAT_COMPLETIONS, body, true);
    assertThat(result).as(body).isInstanceOf(Malformed.class);
    assertThat(((Malformed) result).kind()).isEqualTo(Kind.BODY);
    return (Malformed) result;
  }
}
