package io.pointsman.plugin.routing;

/**
 * All requests of a session go to one candidate, by rendezvous hashing (Thaler and Ravishankar,
 * 1998): each candidate has a number for each session, and the highest wins. Nothing is remembered,
 * all replicas agree, and when a candidate goes, only its own sessions move.
 */
final class SessionAffinityStrategy implements CostStrategy {
  @Override
  public String name() {
    return "session-affinity";
  }

  @Override
  public boolean usesSession() {
    return true;
  }

  @Override
  public int pick(RequestView request, CandidateView candidates) {
    return winner(request.session(), candidates);
  }

  @Override
  public void costs(RequestView request, CandidateView candidates, double[] costs) {
    int winner = winner(request.session(), candidates);
    for (int i = 0; i < candidates.size(); i++) {
      costs[i] = i == winner ? 0 : 1;
    }
  }

  private static int winner(long session, CandidateView candidates) {
    int winner = 0;
    long highest = Long.MIN_VALUE;
    for (int i = 0; i < candidates.size(); i++) {
      long number = mix(session ^ mix(candidates.identity(i)));
      if (number > highest) {
        highest = number;
        winner = i;
      }
    }
    return winner;
  }

  /** The finaliser of MurmurHash3. */
  private static long mix(long value) {
    long x = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
    x = (x ^ (x >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return x ^ (x >>> 33);
  }
}
