package io.pointsman.e2e.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.pointsman.e2e.modelserver.OfflineServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class TraceGeneratorTest {
  private static final Trace TRACE =
      TraceGenerator.generate(TraceSettings.realistic(7, Duration.ofMinutes(6)));

  @Test
  void equalSeedsMakeEqualTraces() {
    var settings = TraceSettings.realistic(11, Duration.ofSeconds(30));

    assertThat(TraceGenerator.generate(settings).requests())
        .isNotEmpty()
        .isEqualTo(TraceGenerator.generate(settings).requests());
  }

  @Test
  void otherSeedsMakeOtherTraces() {
    var one = TraceGenerator.generate(TraceSettings.realistic(1, Duration.ofSeconds(30)));
    var other = TraceGenerator.generate(TraceSettings.realistic(2, Duration.ofSeconds(30)));

    assertThat(one.requests().get(0).prompt()).isNotEqualTo(other.requests().get(0).prompt());
    assertThat(one.requests().get(0).arrivalMillis())
        .isNotEqualTo(other.requests().get(0).arrivalMillis());
  }

  @Test
  void aShorterTraceIsTheBeginningOfALongerOne() {
    var half = TraceGenerator.generate(TraceSettings.realistic(7, Duration.ofMinutes(3)));

    assertThat(half.requests())
        .isEqualTo(
            TRACE.requests().stream()
                .filter(request -> request.arrivalMillis() < half.settings().duration().toMillis())
                .toList());
  }

  @Test
  void requestsComeInOrderOfArrivalWithinTheDuration() {
    assertThat(TRACE.requests())
        .extracting(TraceRequest::arrivalMillis)
        .isSorted()
        .allSatisfy(
            arrival -> assertThat(arrival).isBetween(0L, TRACE.settings().duration().toMillis()));
  }

  @Test
  void eachTurnBeginsWithThePreviousTurnAndItsAnswer() {
    int grown = 0;
    for (List<TraceRequest> turns : conversations().values()) {
      for (int turn = 0; turn < turns.size(); turn++) {
        assertThat(turns.get(turn).turn()).isEqualTo(turns.get(0).turn() + turn);
        if (turn > 0) {
          TraceRequest before = turns.get(turn - 1);
          String answer = OfflineServer.answer(before.body("m"));
          assertThat(answer).hasSize(before.maxTokens() * 4);
          assertThat(turns.get(turn).prompt()).startsWith(before.prompt() + answer);
          assertThat(turns.get(turn).arrivalMillis()).isGreaterThan(before.arrivalMillis());
          grown++;
        }
      }
    }
    assertThat(grown).isGreaterThan(500);
  }

  @Test
  void conversationsOfOneTemplateShareTheSystemPromptAndNothingMore() {
    Map<Integer, TraceRequest> firsts = new HashMap<>();
    int shared = 0;
    for (List<TraceRequest> turns : conversations().values()) {
      TraceRequest request = turns.get(0);
      TraceRequest first = firsts.putIfAbsent(request.template(), request);
      if (first != null) {
        assertThat(request.messages().get(0)).isEqualTo(first.messages().get(0));
        assertThat(request.messages().get(1)).isNotEqualTo(first.messages().get(1));
        shared++;
      }
    }
    assertThat(shared).isGreaterThan(500);
    assertThat(firsts.values())
        .extracting(request -> request.messages().get(0).text())
        .doesNotHaveDuplicates();
  }

  @Test
  void aTraceIsAsDenseAtItsBeginningAsAtItsEnd() {
    long half = TRACE.settings().duration().toMillis() / 2;
    long inFirstHalf =
        TRACE.requests().stream().filter(request -> request.arrivalMillis() < half).count();

    assertThat((double) inFirstHalf / TRACE.requests().size()).isCloseTo(0.5, within(0.05));
    assertThat(TRACE.requests().subList(0, 100)).anyMatch(request -> request.turn() > 3);
  }

  @Test
  void systemPromptsArePopularAsZipfSays() {
    var counts = new int[TRACE.settings().templates()];
    conversations().values().forEach(turns -> counts[turns.get(0).template()]++);
    int total = conversations().size();
    var zipf = new Zipf(TRACE.settings().templates(), TRACE.settings().zipfExponent());

    for (int rank : new int[] {0, 1, 2, 5, 10}) {
      double expected = total * zipf.probability(rank);
      assertThat((double) counts[rank])
          .as("conversations of template %d of %d", rank, total)
          .isCloseTo(expected, within(4 * Math.sqrt(expected)));
    }
    assertThat(zipf.probability(0)).isCloseTo(10 * zipf.probability(9), within(1e-9));
  }

  @Test
  void conversationsStartAsAPoissonProcessOfTheRateAskedFor() {
    var starts =
        TRACE.requests().stream()
            .filter(request -> request.turn() == 0)
            .map(TraceRequest::arrivalMillis)
            .toList();
    double expected =
        TRACE.settings().conversationsPerSecond() * TRACE.settings().duration().toSeconds();
    assertThat((double) starts.size()).isCloseTo(expected, within(4 * Math.sqrt(expected)));

    // Of exponential gaps, 1/e are longer than the mean.
    double mean = 1000 / TRACE.settings().conversationsPerSecond();
    long longer = 0;
    for (int i = 1; i < starts.size(); i++) {
      longer += starts.get(i) - starts.get(i - 1) > mean ? 1 : 0;
    }
    assertThat((double) longer / starts.size()).isCloseTo(Math.exp(-1), within(0.04));
  }

  @Test
  void lengthsAreThoseAskedFor() {
    var questions = new ArrayList<Integer>();
    for (TraceRequest request : TRACE.requests()) {
      var messages = request.messages();
      questions.add(messages.get(messages.size() - 1).text().length() / 4);
    }
    assertThat(median(questions)).isCloseTo(60.0, within(4.0));
    assertThat(median(TRACE.requests().stream().map(TraceRequest::maxTokens).toList()))
        .isCloseTo(120.0, within(5.0));
    // Five turns on average, fewer with the longest cut and the end of the trace.
    double turns =
        conversations().values().stream()
            .filter(requests -> requests.get(0).turn() == 0)
            .filter(requests -> requests.get(0).arrivalMillis() < 180_000)
            .mapToInt(List::size)
            .average()
            .orElseThrow();
    assertThat(turns).isCloseTo(4.5, within(0.6));
  }

  @Test
  void theBodyIsAStreamedChatCompletion() {
    var request =
        new TraceRequest(
            0, 0, 0, 0, List.of(new Message("system", "be kind "), new Message("user", "why ")), 7);

    assertThat(request.body("m"))
        .isEqualTo(
            "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
                + "\"max_tokens\":7,\"messages\":[{\"role\":\"system\",\"content\":\"be kind \"},"
                + "{\"role\":\"user\",\"content\":\"why \"}]}");
  }

  private static Map<Integer, List<TraceRequest>> conversations() {
    return TRACE.requests().stream()
        .collect(
            Collectors.groupingBy(
                TraceRequest::conversation, java.util.TreeMap::new, Collectors.toList()));
  }

  private static double median(List<Integer> values) {
    return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
  }
}
