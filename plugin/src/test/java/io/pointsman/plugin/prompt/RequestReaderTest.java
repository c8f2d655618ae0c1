package io.pointsman.plugin.prompt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.prompt.Malformed.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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
    assertThat(SpanText.of(request.prompt())).containsExactly("|ROLE user", "TEXT \\hello \\u0041");
  }

  @Test
  void absentOptionsHaveTheirDefaults() {
    ParsedRequest request =
        parsed(Api.CHAT_COMPLETIONS, "{" + CHAT + ",\"stream\":null,\"max_tokens\":null}");

    assertThat(request.stream()).isFalse();
    assertThat(request.includeUsage()).isFalse();
    assertThat(request.maxTokens()).isEqualTo(-1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"max_output_tokens\":3,\"max_completion_tokens\":2,\"max_tokens\":1 | 1",
        "\"max_output_tokens\":3,\"max_tokens\":null,\"max_completion_tokens\":2 | 2",
        "\"max_output_tokens\":3 | 3",
        "\"max_tokens\":0,\"max_output_tokens\":3 | 0",
        "\"max_tokens\":99999999999999999999 | 2147483647",
        "\"max_tokens\":-1 | -1"
      })
  void theFirstTokenLimitCounts(String members, int limit) {
    assertThat(parsed(Api.CHAT_COMPLETIONS, "{" + CHAT + "," + members + "}").maxTokens())
        .isEqualTo(limit);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"messages\":[{}]} | model is missing",
        "{\"messages\":[{}],\"model\":7} | model must be a string",
        "{\"messages\":[{}],\"model\":null} | model must be a string",
        "{\"messages\":[{}],\"model\":[\"m\"]} | model must be a string",
        "{\"messages\":[{}],\"model\":\"\"} | model must not be empty",
        "{\"messages\":[{}],\"model\":\"a\\r\\nb: c\"} | model must not contain control characters",
        "{\"messages\":[{}],\"model\":\"\\ud800\"} | model is not valid Unicode",
        "{\"model\":\"m\"} | messages is missing",
        "{\"model\":\"m\",\"messages\":null} | messages is missing",
        "{\"model\":\"m\",\"messages\":[]} | messages must not be empty",
        "{\"model\":\"m\",\"messages\":{}} | messages must be an array",
        "{\"model\":\"m\",\"messages\":[\"hi\"]} | messages must be an array of objects",
        "{\"model\":\"m\",\"messages\":[{\"role\":1}]} | role must be a string",
        "{\"model\":\"m\",\"messages\":[{\"content\":1}]} | content must be a string or an array of"
            + " parts",
        "{\"model\":\"m\",\"stream\":\"true\"} | stream must be true or false",
        "{\"model\":\"m\",\"stream\":1} | stream must be true or false",
        "{\"model\":\"m\",\"stream_options\":true} | stream_options must be an object",
        "{\"model\":\"m\",\"stream_options\":{\"include_usage\":1}} | include_usage must be true or"
            + " false",
        "{\"model\":\"m\",\"max_tokens\":\"9\"} | max_tokens must be an integer",
        "{\"model\":\"m\",\"max_tokens\":1.5} | max_tokens must be an integer",
        "{\"model\":\"m\",\"max_completion_tokens\":{}} | max_completion_tokens must be an integer",
        "{\"model\":\"m\",\"n\":\"9\"} | n must be an integer",
        "{\"model\":\"m\",\"best_of\":2.0} | best_of must be an integer",
        "{\"model\":\"m\",\"n\":1,\"n\":9} | duplicate key: n",
        "{\"model\":\"m\",\"cache_salt\":1} | cache_salt must be a string",
        "{\"model\":\"m\",\"tools\":{}} | tools must be an array",
        "{\"model\":\"m\",\"\\u006dodel\":\"n\"} | duplicate key: model",
        "{\"model\":\"m\",\"stream\":true,\"stream\":null} | duplicate key: stream",
        "{\"model\":\"m\",\"messages\":[{}],\"messages\":[{}]} | duplicate key: messages",
        "{\"model\":\"m\",\"messages\":[{\"role\":\"a\",\"role\":\"b\"}]} | duplicate key in a"
            + " message: role",
        "[] | the body is not a JSON object",
        "`\"model\"` | the body is not a JSON object"
      })
  void wrongFieldIsNamed(String body, String message) {
    assertThat(malformed(Api.CHAT_COMPLETIONS, body).message()).isEqualTo(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "COMPLETIONS | {\"model\":\"m\"} | prompt is missing",
        "COMPLETIONS | {\"model\":\"m\",\"prompt\":5} | prompt must be a string, or an array of"
            + " strings or token ids",
        "COMPLETIONS | {\"model\":\"m\",\"prompt\":[1,\"a\"]} | prompt must be a string, or an array"
            + " of strings or token ids",
        "RESPONSES | {\"model\":\"m\"} | input is missing",
        "MESSAGES | {\"model\":\"m\",\"system\":\"s\"} | messages is missing",
        "MESSAGES | {\"model\":\"m\",\"system\":1,\"messages\":[{}]} | system must be a string or an"
            + " array of parts",
        "EMBEDDINGS | {\"model\":\"m\"} | input is missing",
        "EMBEDDINGS | {\"model\":\"m\",\"input\":\"a\",\"stream\":true} | stream is not supported for"
            + " embeddings",
        "EMBEDDINGS | {\"model\":\"m\",\"input\":[]} | input must not be empty",
        "CLASSIFY | {\"model\":\"m\",\"input\":\"\"} | input must not be empty",
        "RERANK | {\"model\":\"m\",\"query\":\"q\"} | documents is missing",
        "RERANK | {\"model\":\"m\",\"documents\":[\"d\"]} | query is missing"
      })
  void eachApiHasItsRequiredFields(Api api, String body, String message) {
    assertThat(malformed(api, body).message()).isEqualTo(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "   ",
        "{",
        "{" + CHAT,
        "{" + CHAT + ",}",
        "{" + CHAT + " \"a\":1}",
        "{" + CHAT + ",\"a\" 1}",
        "{" + CHAT + ",\"a\":}",
        "{" + CHAT + ",a:1}",
        "{" + CHAT + ",\"a\":[1,]}",
        "{" + CHAT + ",\"a\":[1 2]}",
        "{" + CHAT + ",\"a\":[1}}",
        "{" + CHAT + ",\"a\":tru}",
        "{" + CHAT + ",\"a\":nulll}",
        "{" + CHAT + ",\"a\":NaN}",
        "{" + CHAT + ",\"a\":01}",
        "{" + CHAT + ",\"a\":1.}",
        "{" + CHAT + ",\"a\":.5}",
        "{" + CHAT + ",\"a\":+1}",
        "{" + CHAT + ",\"a\":-}",
        "{" + CHAT + ",\"a\":1e}",
        "{" + CHAT + ",\"a\":\"x}",
        "{" + CHAT + ",\"a\":\"\\x\"}",
        "{" + CHAT + ",\"a\":\"\\u12g4\"}",
        "{" + CHAT + ",\"a\":\"line\nbreak\"}",
        "{" + CHAT + ",\"a\":\"\u0000\"}",
        "{" + CHAT + "}}",
        "{" + CHAT + "}{",
        "\ufeff{" + CHAT + "}",
        "{" + CHAT + ",'a':1}",
        "{" + CHAT + "/* */}"
      })
  void whatIsNotJsonIsRefused(String body) {
    assertThat(malformed(Api.CHAT_COMPLETIONS, body).message()).startsWith("invalid JSON at byte ");
  }

  @Test
  void anErrorSaysWhereButNotWhat() {
    assertThat(malformed(Api.CHAT_COMPLETIONS, "{\"secret\":\"prompt\" oops}").message())
        .isEqualTo("invalid JSON at byte 19: expected a comma or a closing brace");
  }

  @Test
  void messagesComeInOrderWithRoleBeforeContentBeforeTheRest() {
    ParsedRequest request =
        parsed(
            Api.CHAT_COMPLETIONS,
            """
            {"tools":[{"a": 1}],"model":"m","messages":[
              {"role":"system","content":"be brief"},
              {"content":[{"type":"text","text":"look"},
                          {"type":"image_url","image_url":{"url":"http://i","detail":"low"}},
                          {"type":"input_audio","input_audio":{"format":"wav","data":"QUJD"}}],
               "role":"user"},
              {"tool_calls":[{"id":"c1"}],"refusal":null,"content":null,"role":"assistant"},
              {"name":"n","tool_call_id":"c1","content":"42","role":"tool"},
              {"role":"system","content":"later"}],
             "cache_salt":"s"}
            """);

    assertThat(SpanText.of(request.prompt()))
        .containsExactly(
            "SALT s",
            "|SYSTEM be brief",
            "|TOOLS [{\"a\": 1}]",
            "|ROLE user",
            "TEXT look",
            "MEDIA http://i",
            "MEDIA QUJD",
            "|ROLE assistant",
            "FIELD tool_calls",
            "JSON [{\"id\":\"c1\"}]",
            "|ROLE tool",
            "TEXT 42",
            "FIELD name",
            "TEXT n",
            "FIELD tool_call_id",
            "TEXT c1",
            "|ROLE system",
            "TEXT later");
    assertThat(request.prompt().totalBytes())
        .isEqualTo(
            "be brief[{\"a\": 1}]userlookassistanttool_calls[{\"id\":\"c1\"}]tool42namen".length()
                + "tool_call_idc1systemlater".length());
  }

  @Test
  void cacheMarksThatMoveFromTurnToTurnAreNotPartOfThePrompt() {
    String plain =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\"}]}]}";
    String marked =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
            + "\"text\":\"a\",\"cache_control\":{\"type\":\"ephemeral\"}}]}]}";

    assertThat(SpanText.of(parsed(Api.MESSAGES, marked).prompt()))
        .isEqualTo(SpanText.of(parsed(Api.MESSAGES, plain).prompt()));
  }

  @Test
  void anthropicSystemAndToolResultsAreRead() {
    ParsedRequest request =
        parsed(
            Api.MESSAGES,
            """
            {"model":"m","messages":[
              {"role":"user","content":[
                {"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"r"},
                  {"type":"image","source":{"type":"base64","data":"QQ=="}}]},
                {"type":"tool_result","content":"s"}]},
              {"role":"assistant","content":[{"type":"tool_use","id":"t","input":{"x": 1}}]}],
             "system":[{"type":"text","text":"sys"}],"max_tokens":9}
            """);

    assertThat(SpanText.of(request.prompt()))
        .containsExactly(
            "|SYSTEM sys",
            "|ROLE user",
            "FIELD tool_use_id",
            "TEXT t",
            "TEXT r",
            "MEDIA QQ==",
            "TEXT s",
            "|ROLE assistant",
            "FIELD id",
            "TEXT t",
            "FIELD input",
            "JSON {\"x\": 1}");
  }

  @Test
  void responsesInputIsAStringOrItems() {
    assertThat(
            SpanText.of(
                parsed(
                        Api.RESPONSES,
                        "{\"model\":\"m\",\"input\":\"hi\",\"instructions\":\"be kind\","
                            + "\"prompt\":{\"id\":\"p\"}}")
                    .prompt()))
        .containsExactly("|SYSTEM be kind", "|TEXT hi");
    assertThat(
            SpanText.of(
                parsed(
                        Api.RESPONSES,
                        """
                        {"model":"m","input":[
                          {"type":"message","role":"user","content":[
                            {"type":"input_text","text":"a"},
                            {"type":"input_image","image_url":"http://i"}]},
                          {"type":"function_call_output","call_id":"c","output":"o"}]}
                        """)
                    .prompt()))
        .containsExactly(
            "|ROLE user",
            "TEXT a",
            "MEDIA http://i",
            "|FIELD call_id",
            "TEXT c",
            "FIELD output",
            "TEXT o");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"one\" | /TEXT one",
        "[\"one\",\"two\"] | /TEXT one;/TEXT two",
        "[ 1, 22 ,3 ] | /TOKENS 1, 22 ,3",
        "[[1,2],[],[3]] | /TOKENS 1,2;/TOKENS 3",
        "[] | ``"
      })
  void promptIsAStringOrABatchOrTokenIds(String prompt, String spans) {
    ParsedRequest request = parsed(Api.COMPLETIONS, "{\"model\":\"m\",\"prompt\":" + prompt + "}");

    assertThat(String.join(";", SpanText.of(request.prompt()))).isEqualTo(spans.replace('/', '|'));
  }

  @Test
  void otherApisGiveTheirTexts() {
    assertThat(
            SpanText.of(
                parsed(
                        Api.RERANK,
                        "{\"model\":\"m\",\"query\":\"q\",\"documents\":[\"a\",{\"text\":\"b\"}]}")
                    .prompt()))
        .containsExactly("|TEXT q", "|TEXT a", "|TEXT b");
    assertThat(
            SpanText.of(
                parsed(Api.SCORE, "{\"model\":\"m\",\"text_1\":\"a\",\"text_2\":[\"b\",\"c\"]}")
                    .prompt()))
        .containsExactly("|TEXT a", "|TEXT b", "|TEXT c");
    assertThat(
            SpanText.of(
                parsed(Api.IMAGES_GENERATIONS, "{\"model\":\"m\",\"prompt\":\"a cat\"}").prompt()))
        .containsExactly("|TEXT a cat");
    assertThat(
            SpanText.of(
                parsed(
                        Api.EMBEDDINGS,
                        "{\"model\":\"m\",\"input\":[{\"image_url\":{\"url\":\"u\"}},\"t\"]}")
                    .prompt()))
        .containsExactly("|MEDIA u", "|TEXT t");
  }

  @Test
  void aBodyThatEnvoyCutIsReadAsFarAsItGoes() {
    ReadResult midText =
        read(Api.CHAT_COMPLETIONS, "{\"model\":\"m\",\"messages\":[{\"content\":\"abc\\u00", false);
    ReadResult midTokens = read(Api.COMPLETIONS, "{\"model\":\"m\",\"prompt\":[1, 2, 3", false);
    ReadResult midSystem = read(Api.MESSAGES, "{\"model\":\"m\",\"system\":\"sy", false);
    ReadResult roleLast =
        read(
            Api.CHAT_COMPLETIONS,
            "{\"model\":\"m\",\"messages\":[{\"content\":\"a\",\"role\":\"user\",\"na",
            false);

    assertThat(spansOf(midText)).isEqualTo("|TEXT abc");
    assertThat(spansOf(midTokens)).isEqualTo("|TOKENS 1, 2");
    assertThat(spansOf(midSystem)).isEqualTo("|SYSTEM sy");
    assertThat(spansOf(roleLast)).isEqualTo("|ROLE user;TEXT a");
  }

  @Test
  void aCutBeforeTheModelIsIncompleteAndAnErrorBeforeTheCutIsAnError() {
    assertThat(read(Api.CHAT_COMPLETIONS, "{\"messages\":[{}],\"model\":\"m", false))
        .isEqualTo(
            new Malformed(
                Kind.INCOMPLETE, "the body is too large: no model in the part that was read"));
    assertThat(read(Api.CHAT_COMPLETIONS, "{\"model\":\"m\",\"messages\":[}", false))
        .isInstanceOfSatisfying(
            Malformed.class, malformed -> assertThat(malformed.kind()).isEqualTo(Kind.BODY));
    assertThat(read(Api.CHAT_COMPLETIONS, "{\"model\":\"m\"}", false))
        .as("the body was whole after all")
        .isEqualTo(new Malformed(Kind.BODY, "messages is missing"));
  }

  private static String spansOf(ReadResult result) {
    assertThat(result).isInstanceOf(ParsedRequest.class);
    return String.join(";", SpanText.of(((ParsedRequest) result).prompt()));
  }

  private static ReadResult read(Api api, String body, boolean complete) {
    byte[] bytes = body.getBytes(UTF_8);
    return new RequestReader().read(api, null, bytes, 0, bytes.length, complete);
  }

  private static ParsedRequest parsed(Api api, String body) {
    ReadResult result = read(api, body, true);
    assertThat(result).as(body).isInstanceOf(ParsedRequest.class);
    return (ParsedRequest) result;
  }

  private static Malformed malformed(Api api, String body) {
    ReadResult result = read(api, body, true);
    assertThat(result).as(body).isInstanceOf(Malformed.class);
    assertThat(((Malformed) result).kind()).isEqualTo(Kind.BODY);
    return (Malformed) result;
  }
}
