package io.pointsman.plugin.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.identity.MasterKey.Check;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class MasterKeyTest {
  private static final long SECOND = 1_000_000_000L;

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5 * SECOND);
  private final MasterKey key = new MasterKey(KeyHash.of("master"), now::get);

  private static InetAddress peer(int n) {
    try {
      return InetAddress.getByAddress(new byte[] {10, 0, (byte) (n >> 8), (byte) n});
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void theKeyIsGoodAndAnythingElseIsNot() {
    assertThat(key.check(peer(1), "Bearer master")).isEqualTo(Check.GOOD);
    assertThat(key.check(peer(1), "bearer master")).isEqualTo(Check.GOOD);
    assertThat(key.check(peer(1), "Bearer Master")).isEqualTo(Check.WRONG);
    assertThat(key.check(peer(1), "master")).isEqualTo(Check.WRONG);
    assertThat(key.check(peer(1), null)).isEqualTo(Check.WRONG);
  }

  @Test
  void goodKeysAreNeverTooMany() {
    for (int i = 0; i < 1000; i++) {
      assertThat(key.check(peer(1), "Bearer master")).isEqualTo(Check.GOOD);
    }
  }

  @Test
  void tenWrongOnesAndThenOneEachSecond() {
    for (int i = 0; i < MasterKey.GUESSES; i++) {
      assertThat(key.check(peer(1), "Bearer guess")).isEqualTo(Check.WRONG);
    }
    assertThat(key.check(peer(1), "Bearer guess")).isEqualTo(Check.TOO_MANY);
    assertThat(key.check(peer(1), "Bearer master")).isEqualTo(Check.TOO_MANY);
    assertThat(key.check(peer(2), "Bearer master")).isEqualTo(Check.GOOD);

    for (int i = 0; i < 20; i++) {
      now.addAndGet(SECOND);
      assertThat(key.check(peer(1), "Bearer guess")).isEqualTo(Check.WRONG);
      assertThat(key.check(peer(1), "Bearer guess")).isEqualTo(Check.TOO_MANY);
    }
    now.addAndGet(SECOND);
    assertThat(key.check(peer(1), "Bearer master")).isEqualTo(Check.GOOD);
  }

  @Test
  void manyAddressesTakeNoMoreMemoryAndShareWhatIsLeft() {
    int wrong = 0;
    for (int i = 0; i < 5000; i++) {
      wrong += key.check(peer(i), "Bearer guess") == Check.WRONG ? 1 : 0;
    }
    assertThat(wrong).isEqualTo(MasterKey.MAX_PEERS + MasterKey.GUESSES);
    assertThat(key.counted()).isEqualTo(MasterKey.MAX_PEERS + 1);

    now.addAndGet(20 * SECOND);
    assertThat(key.check(peer(9999), "Bearer guess")).isEqualTo(Check.WRONG);
    assertThat(key.counted()).isLessThan(10);
  }
}
