package io.pointsman.plugin.prompt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How much a request asks for, whatever it says of it beside. */
class RequestedAnswersTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "CHAT_COMPLETIONS | \"max_tokens\":1,\"max_completion_tokens\":9 | 9",
        "CHAT_COMPLETIONS | \"max_tokens\":9,\"max_completion_tokens\":1 | 9",
        "CHAT_COMPLETIONS | \"max_tokens\":1,\"max_completion_tokens\":-9 | 1",
        "CHAT_COMPLETIONS | \"max_output_tokens\":1 | -1",
        "CHAT_COMPLETIONS | \"max_tokens\":0 | -1",
        "CHAT_COMPLETIONS | \"max_tokens\":-1 | -1",
        "CHAT_COMPLETIONS | \"max_tokens\":99999999999999999999 | 2147483647",
        "COMPLETIONS | \"max_tokens\":4 | 4",
        "COMPLETIONS | \"max_tokens\":4,\"max_completion_tokens\":9 | 9",
        "COMPLETIONS | \"max_completion_tokens\":4 | -1",
        "MESSAGES | \"max_tokens\":4 | 4",
        "RESPONSES | \"max_output_tokens\":4 | 4",
        "RESPONSES | \"max_tokens\":1 | -1",
        "RESPONSES | \"max_tokens\":9,\"max_output_tokens\":1 | 9"
      })
  void anAnswerIsAsLongAsTheLargestLimitIfItsApiKnowsOne(Api api, String members, int tokens) {
    String prompt = "\"model\":\"m\",\"messages\":[{}],\"prompt\":\"p\",\"input\":\"p\"";

    assertThat(parsed(api, "{" + prompt + "," + members + "}").answerTokens()).isEqualTo(tokens);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "CHAT_COMPLETIONS | \"prompt\":[\"a\",\"b\"] | 1",
        "CHAT_COMPLETIONS | \"n\":3 | 3",
        "CHAT_COMPLETIONS | \"\\u006e\":3 | 3",
        "CHAT_COMPLETIONS | \"n\":0 | 1",
        "CHAT_COMPLETIONS | \"n\":-3 | 1",
        "CHAT_COMPLETIONS | \"n\":99999999999 | 2147483647",
        "COMPLETIONS | \"n\":2,\"best_of\":5,\"prompt\":\"a\" | 5",
        "COMPLETIONS | \"n\":5,\"best_of\":2,\"prompt\":\"a\" | 5",
        "COMPLETIONS | \"prompt\":[\"a\",\"b\",[1,2]],\"n\":2 | 6",
        "COMPLETIONS | \"prompt\":[1,2,3] | 1",
        "COMPLETIONS | \"prompt\":[] | 1",
        "COMPLETIONS | \"prompt\":[\"a\",\"b\"],\"n\":2147483647 | 2147483647",
        "RESPONSES | \"n\":3 | 1",
        "IMAGES_GENERATIONS | \"n\":\"3\" | 1"
      })
  void answersOfAllPromptsAreCounted(Api api, String members, int answers) {
    String body = "{\"model\":\"m\",\"messages\":[{}],\"input\":\"p\"," + members + "}";

    assertThat(parsed(api, body).answers()).isEqualTo(answers);
  }

  private static ParsedRequest parsed(Api api, String body) {
    byte[] bytes = body.getBytes(UTF_8);
    ReadResult result = new RequestReader().read(api, null, bytes, 0, bytes.length, true);
    assertThat(result).isInstanceOf(ParsedRequest.class);
    return (ParsedRequest) result;
  }
}
