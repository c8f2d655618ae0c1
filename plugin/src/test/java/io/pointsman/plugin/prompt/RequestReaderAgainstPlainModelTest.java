package io.pointsman.plugin.prompt;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.prompt.Malformed.Kind;
import io.pointsman.plugin.prompt.PlainJson.NotJson;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random bodies, right and spoiled, read by the scanner and from the tree of a plain parser. */
class RequestReaderAgainstPlainModelTest {
  private static final List<Api> JSON_APIS =
      Arrays.stream(Api.values()).filter(api -> !api.isMultipart()).toList();
  private static final int BODIES = 200;
  private static final int SPOILED = 6;

  private final RequestReader reader = new RequestReader();

  static LongStream seeds() {
    return LongStream.range(0, 24);
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void agreesWithThePlainModel(long seed) throws NotJson {
    RandomJson json = new RandomJson(seed);
    RandomRequest requests = new RandomRequest(json);
    int parsed = 0;
    for (int i = 0; i < BODIES; i++) {
      Api api = JSON_APIS.get(json.random.nextInt(JSON_APIS.size()));
      byte[] body = requests.body(api).getBytes(UTF_8);
      parsed += compare(api, body, seed) ? 1 : 0;
      for (int k = 0; k < SPOILED; k++) {
        compare(api, json.spoil(body), seed);
      }
    }
    assertThat(parsed).as("bodies that are valid, seed %d", seed).isGreaterThan(BODIES / 3);
  }

  private boolean compare(Api api, byte[] body, long seed) throws NotJson {
    String what = "seed " + seed + ", " + api + ": " + new String(body, ISO_8859_1);
    // Somewhere inside a larger array, whose other bytes must not matter.
    byte[] around = RandomJson.join("\"}]x".getBytes(UTF_8), body, "\"}]}".getBytes(UTF_8));
    ReadResult result = reader.read(api, null, around, 4, body.length, true);
    PlainRequest plain;
    try {
      plain = new PlainRequest(api, body);
    } catch (NotJson e) {
      assertThat(result).as(what).isInstanceOf(Malformed.class);
      assertThat(((Malformed) result).kind()).as(what).isEqualTo(Kind.BODY);
      return false;
    }
    assertThat(result).as(what).isInstanceOf(ParsedRequest.class);
    ParsedRequest request = (ParsedRequest) result;
    assertThat(request.model()).as(what).isEqualTo(plain.model);
    assertThat(request.stream()).as(what).isEqualTo(plain.stream);
    assertThat(request.includeUsage()).as(what).isEqualTo(plain.includeUsage);
    assertThat(request.maxTokens()).as(what).isEqualTo(plain.maxTokens);
    assertThat(request.answerTokens()).as(what).isEqualTo(plain.answerTokens);
    assertThat(request.answers()).as(what).isEqualTo(plain.answers);
    assertThat(SpanText.resolved(request.prompt())).as(what).isEqualTo(plain.spans);
    return true;
  }

  /**
   * Whatever Envoy cuts off, what is left reads as the same request or as one whose model had not
   * come yet; and as an error where nothing was cut off.
   */
  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void everyBeginningOfAValidBodyIsReadAsCut(long seed) throws NotJson {
    RandomJson json = new RandomJson(seed);
    RandomRequest requests = new RandomRequest(json);
    int read = 0;
    while (read < 10) {
      Api api = JSON_APIS.get(json.random.nextInt(JSON_APIS.size()));
      byte[] body = requests.body(api).strip().getBytes(UTF_8);
      if (reader.read(api, null, body, 0, body.length, true) instanceof ParsedRequest whole) {
        read++;
        for (int length = 0; length < body.length; length++) {
          checkCut(api, body, length, whole.model());
        }
      }
    }
  }

  private void checkCut(Api api, byte[] body, int length, String model) throws NotJson {
    String what = api + ": " + new String(body, 0, length, UTF_8);
    ReadResult asCut = reader.read(api, null, body, 0, length, false);
    if (asCut instanceof ParsedRequest request) {
      assertThat(request.model()).as(what).isEqualTo(model);
      // Resolving throws on half an escape, and half a character does not survive decoding.
      assertThat(String.join("", SpanText.resolved(request.prompt())))
          .as(what)
          .doesNotContain("\ufffd");
    } else {
      assertThat(((Malformed) asCut).kind()).as(what).isEqualTo(Kind.INCOMPLETE);
    }
    assertThat(reader.read(api, null, body, 0, length, true))
        .as(what)
        .isInstanceOfSatisfying(
            Malformed.class, malformed -> assertThat(malformed.kind()).isEqualTo(Kind.BODY));
  }
}
