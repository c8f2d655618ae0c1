package io.pointsman.plugin.prompt;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.prompt.Malformed.Kind;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MultipartFormTest {
  private static final String TYPE = "multipart/form-data; boundary=B";
  private static final String FILE =
      String.join(
          "\r\n",
          "--B",
          "Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"",
          "Content-Type: audio/wav",
          "",
          "RIFF",
          "--",
          "--C",
          "",
          "");

  @Test
  void readsModelAndStreamAroundAFile() {
    ParsedRequest request =
        parsed(TYPE, FILE + field("model", "whisper") + field("stream", "true") + "--B--\r\n");

    assertThat(request.model()).isEqualTo("whisper");
    assertThat(request.stream()).isTrue();
    assertThat(request.includeUsage()).isFalse();
    assertThat(request.maxTokens()).isEqualTo(-1);
    assertThat(request.prompt().size()).isZero();
  }

  @Test
  void streamIsFalseUnlessGiven() {
    assertThat(parsed(TYPE, field("model", "w") + FILE + "--B--").stream()).isFalse();
    assertThat(parsed(TYPE, field("model", "w") + field("stream", "False") + "--B--").stream())
        .isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "multipart/form-data; boundary=\"B\"",
        "Multipart/Form-Data;charset=utf-8;BOUNDARY=B",
        "multipart/form-data ; boundary = B ;",
        "multipart/form-data; a=\"x;boundary=Z\\\"\"; boundary=B"
      })
  void boundaryIsFoundHoweverItIsWritten(String contentType) {
    assertThat(parsed(contentType, field("model", "w") + "--B--").model()).isEqualTo("w");
  }

  @Test
  void boundaryMayHoldWhatNeedsQuotes() {
    String body = field("model", "w").replace("--B", "--a b:c?=_'") + "--a b:c?=_'--";

    assertThat(parsed("multipart/form-data; boundary=\"a b:c?=_'\"", body).model()).isEqualTo("w");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "content-disposition: form-data; name=\"model\"",
        "CONTENT-DISPOSITION:form-data;name=model",
        "X-Other: 1\r\nContent-Disposition:  Form-Data ; NAME = \"model\"  \r\nX: \u00e9"
      })
  void headersAreReadInAnyCase(String headers) {
    assertThat(parsed(TYPE, "--B\r\n" + headers + "\r\n\r\nwhisper\r\n--B--").model())
        .isEqualTo("whisper");
  }

  @Test
  void modelIsUnicodeAndKeepsItsLineBreaksOut() {
    assertThat(parsed(TYPE, field("model", "\u6a21\u578b") + "--B--").model())
        .isEqualTo("\u6a21\u578b");
    assertThat(malformed(TYPE, field("model", "a\r\nb") + "--B--").message())
        .isEqualTo("model must not contain control characters");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a form without the model | --B--",
        "no final boundary | --B~Content-Disposition: form-data; name=\"model\"~~w~",
        "an empty body | ``",
        "another boundary | --X~Content-Disposition: form-data; name=\"model\"~~w~--X--",
        "a boundary that goes on | --Bx~Content-Disposition: form-data; name=\"model\"~~w~--B--",
        "a later boundary that goes on | M~--B x~--B--",
        "an empty model | --B~Content-Disposition: form-data; name=\"model\"~~~--B--",
        "two models | M~M~--B--",
        "two values of stream | M~S~S~--B--",
        "a stream that is none | M~--B~Content-Disposition: form-data; name=\"stream\"~~maybe~--B--",
        "a model in a file | --B~Content-Disposition: form-data; name=\"model\"; filename=\"x\"~~w"
            + "~--B--",
        "a part without headers | M~--B~~w~--B--",
        "a part without a name | M~--B~Content-Disposition: form-data~~w~--B--",
        "a part of another kind | M~--B~Content-Disposition: attachment; name=\"a\"~~w~--B--",
        "a header without a colon | M~--B~Content-Disposition~~w~--B--",
        "a folded header | M~--B~Content-Disposition: form-data;~ name=\"a\"~~w~--B--",
        "two dispositions | M~--B~Content-Disposition: form-data; name=\"a\"~Content-Disposition:"
            + " form-data; name=\"b\"~~w~--B--",
        "two names | M~--B~Content-Disposition: form-data; name=\"a\"; name=\"model\"~~w~--B--",
        "an open quote | M~--B~Content-Disposition: form-data; name=\"a~~w~--B--",
        "text behind a quote | M~--B~Content-Disposition: form-data; name=\"a\"b~~w~--B--",
        "no empty line | M~--B~Content-Disposition: form-data; name=\"a\"~~--B--",
        "bare line feeds | M~--B^Content-Disposition: form-data; name=\"a\"^^w~--B--",
        "text before the first boundary | x~M~--B--",
        "JSON | {\"model\":\"w\"}"
      })
  void whatIsNotAFormIsRefused(String what, String body) {
    String model = "--B~Content-Disposition: form-data; name=\"model\"~~w";
    String stream = "--B~Content-Disposition: form-data; name=\"stream\"~~1";
    String whole =
        body.replace("M~", model + "~")
            .replace("S~", stream + "~")
            .replace("~", "\r\n")
            .replace("^", "\n");

    assertThat(malformed(TYPE, whole).kind()).as(what).isEqualTo(Kind.MULTIPART);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=C; boundary=B",
        "multipart/form-data; boundary=\"B",
        "multipart/form-data; boundary=\u00e9",
        "multipart/form-data; boundary=1234567890123456789012345678901234567890123456789012345678901"
            + "2345678901",
        "multipart/mixed; boundary=B",
        "text/plain"
      })
  void contentTypeMustNameOneUsableBoundary(String contentType) {
    assertThat(malformed(contentType, field("model", "w") + "--B--").kind())
        .isEqualTo(Kind.MULTIPART);
  }

  @Test
  void jsonIsToldApartFromABrokenForm() {
    assertThat(malformed("application/json; charset=utf-8", "{\"model\":\"w\"}").kind())
        .isEqualTo(Kind.BODY);
    assertThat(malformed(null, "{\"model\":\"w\"}").kind()).isEqualTo(Kind.BODY);
    assertThat(malformed(null, field("model", "w") + "--B--").kind()).isEqualTo(Kind.MULTIPART);
  }

  @Test
  void hostileFormsAreRefusedOrPassedOverInBoundedSpace() {
    String parts = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n".repeat(1_001);
    String header = "--B\r\nX: " + "y".repeat(9_000) + "\r\n\r\n\r\n--B--";
    String almost = "\r\n--A".repeat(500_000);

    assertThat(malformed(TYPE, parts + "--B--").message()).isEqualTo("the form has too many parts");
    assertThat(malformed(TYPE, header).message())
        .isEqualTo("a part of the form has too long headers");
    assertThat(malformed(TYPE, field("model", "m".repeat(1_000_000)) + "--B--").message())
        .isEqualTo("model is too long");
    assertThat(parsed(TYPE, FILE + almost + "\r\n" + field("model", "w") + "--B--").model())
        .isEqualTo("w");
  }

  static LongStream seeds() {
    return LongStream.range(0, 20);
  }

  /** Random forms with binary files in them, cut anywhere: as cut, and as if whole. */
  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void everyBeginningOfAFormIsReadAsCut(long seed) {
    RandomJson random = new RandomJson(seed);
    byte[] file = new byte[random.random.nextInt(200)];
    random.random.nextBytes(file);
    byte[] model = field("model", "whisper").getBytes(UTF_8);
    byte[] other =
        RandomJson.join(
            FILE.getBytes(UTF_8), file, "\r".repeat((int) (seed % 3)).getBytes(UTF_8), CRLF);
    byte[] end = "--B--".getBytes(UTF_8);
    boolean modelFirst = random.chance(0.5);
    byte[] form =
        modelFirst ? RandomJson.join(model, other, end) : RandomJson.join(other, model, end);
    // The value ends where the next boundary is known to begin.
    int known = (modelFirst ? model.length : form.length - end.length) + "--B".length();

    for (int length = 0; length < form.length; length++) {
      String what = "seed " + seed + ", " + length + " of " + form.length + " bytes";
      ReadResult asCut = read(TYPE, form, length, false);
      if (length < known) {
        assertThat(asCut).as(what).isInstanceOf(Malformed.class);
        assertThat(((Malformed) asCut).kind()).as(what).isEqualTo(Kind.INCOMPLETE);
      } else {
        assertThat(asCut).as(what).isInstanceOf(ParsedRequest.class);
        assertThat(((ParsedRequest) asCut).model()).as(what).isEqualTo("whisper");
      }
      assertThat(read(TYPE, form, length, true))
          .as(what)
          .isInstanceOfSatisfying(
              Malformed.class, malformed -> assertThat(malformed.kind()).isEqualTo(Kind.MULTIPART));
    }
    assertThat(read(TYPE, form, form.length, true)).isInstanceOf(ParsedRequest.class);
  }

  /** No spoiled form makes the reader throw, and none gives a model that is not in it. */
  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void spoiledFormsAreReadOrRefused(long seed) {
    RandomJson random = new RandomJson(seed);
    byte[] form = (FILE + field("model", "whisper") + "--B--").getBytes(UTF_8);
    for (int i = 0; i < 500; i++) {
      byte[] spoiled = random.spoil(form);
      ReadResult result = read(TYPE, spoiled, spoiled.length, true);
      if (result instanceof ParsedRequest request) {
        assertThat(new String(spoiled, UTF_8))
            .as("seed %d", seed)
            .contains("\r\n\r\n" + request.model() + "\r\n--B");
      } else {
        assertThat(((Malformed) result).kind()).as("seed %d", seed).isEqualTo(Kind.MULTIPART);
      }
    }
  }

  private static final byte[] CRLF = "\r\n".getBytes(UTF_8);

  private static String field(String name, String value) {
    return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
  }

  private static ReadResult read(
      @Nullable String contentType, byte[] form, int length, boolean complete) {
    byte[] around = RandomJson.join("--B".getBytes(ISO_8859_1), form);
    return new RequestReader()
        .read(Api.AUDIO_TRANSCRIPTIONS, contentType, around, 3, length, complete);
  }

  private static ParsedRequest parsed(@Nullable String contentType, String body) {
    byte[] bytes = body.getBytes(UTF_8);
    ReadResult result = read(contentType, bytes, bytes.length, true);
    assertThat(result).isInstanceOf(ParsedRequest.class);
    return (ParsedRequest) result;
  }

  private static Malformed malformed(@Nullable String contentType, String body) {
    byte[] bytes = body.getBytes(UTF_8);
    ReadResult result = read(contentType, bytes, bytes.length, true);
    assertThat(result).isInstanceOf(Malformed.class);
    return (Malformed) result;
  }
}
