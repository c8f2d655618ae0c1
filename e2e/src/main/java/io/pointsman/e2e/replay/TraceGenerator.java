package io.pointsman.e2e.replay;

import io.pointsman.e2e.modelserver.OfflineServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/**
 * Makes traces of conversations that share system prompts and grow turn by turn.
 *
 * <p>A trace is cut out of traffic that has gone on for long: it begins in the middle of
 * conversations, and is as dense at its beginning as at its end.
 *
 * <p>The answers that later turns quote are those that the sample model servers give, so that their
 * caches hold an answer's blocks when the next turn asks for them, as a real server's do.
 *
 * <p>Each system prompt and each conversation has a source of random numbers of its own, derived
 * from the seed, so that a longer trace begins as a shorter one does.
 */
final class TraceGenerator {
  private static final String MODEL = "any";

  // Longer than almost all conversations last.
  private static final Duration LEAD_IN = Duration.ofMinutes(10);

  private static final long ARRIVALS = -1;
  private static final long TEMPLATES = 1L << 40;

  private final TraceSettings settings;
  private final Zipf popularity;
  private final List<Message> templates;

  private TraceGenerator(TraceSettings settings) {
    this.settings = settings;
    this.popularity = new Zipf(settings.templates(), settings.zipfExponent());
    this.templates = new ArrayList<>();
    for (int template = 0; template < settings.templates(); template++) {
      Random random = random(TEMPLATES + template);
      int tokens = settings.templateTokens().sampleInt(random);
      templates.add(new Message("system", Words.text(random, tokens)));
    }
  }

  static Trace generate(TraceSettings settings) {
    return new TraceGenerator(settings).generate();
  }

  private Trace generate() {
    Random arrivals = random(ARRIVALS);
    var requests = new ArrayList<TraceRequest>();
    double end = settings.duration().toMillis();
    double start = -LEAD_IN.toMillis();
    for (int conversation = 0; start < end; conversation++) {
      converse(conversation, start, end, requests);
      start += untilNext(arrivals);
    }
    requests.sort(Comparator.comparingLong(TraceRequest::arrivalMillis));
    return new Trace(settings, requests);
  }

  private double untilNext(Random arrivals) {
    return -StrictMath.log(1 - arrivals.nextDouble()) / settings.conversationsPerSecond() * 1000;
  }

  private void converse(int conversation, double start, double end, List<TraceRequest> requests) {
    Random random = random(conversation);
    int template = popularity.sample(random);
    int turns = turns(random);
    var messages = new ArrayList<Message>();
    messages.add(templates.get(template));
    double arrival = start;
    for (int turn = 0; turn < turns && arrival < end; turn++) {
      String question = Words.text(random, settings.userTokens().sampleInt(random));
      int answerTokens = settings.answerTokens().sampleInt(random);
      messages.add(new Message("user", question));
      var request =
          new TraceRequest((long) arrival, conversation, turn, template, messages, answerTokens);
      if (arrival >= 0) {
        requests.add(request);
      }
      messages.add(new Message("assistant", OfflineServer.answer(request.body(MODEL))));
      arrival +=
          1000 * (answerTokens / settings.decodeRate() + settings.thinkSeconds().sample(random));
    }
  }

  private int turns(Random random) {
    int turns = 1;
    double goesOn = 1 - 1 / settings.meanTurns();
    while (turns < settings.maxTurns() && random.nextDouble() < goesOn) {
      turns++;
    }
    return turns;
  }

  // Two rounds of a multiplicative mix: neighbouring streams of java.util.Random are alike.
  private Random random(long stream) {
    long z = settings.seed() * 0x9e3779b97f4a7c15L + stream;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return new Random(z ^ (z >>> 31));
  }
}
