package io.pointsman.plugin.blockmap;

/**
 * The look-up: walks the blocks of a prompt once for all candidates together, and ends where none
 * of them holds the next one.
 *
 * <p>Nearly all of its time is spent waiting for memory, for an entry is most likely in none of the
 * processor's caches. So it reads ahead: reads that nothing depends on are done side by side, and
 * by the time an entry is looked for it is there.
 */
final class PrefixWalk {
  /** Blocks to read ahead: first some, since most prompts that nobody holds end at once. */
  private static final int FIRST_TOUCHED = 8;

  private static final int TOUCHED = 32;

  private final BlockTable table;
  private final EndpointSlots slots;

  PrefixWalk(BlockTable table, EndpointSlots slots) {
    this.table = table;
    this.slots = slots;
  }

  /**
   * Finds how many blocks from the start each candidate holds.
   *
   * @param scratch gets the result
   * @param epoch the map's
   * @return the largest of these numbers
   */
  int match(long[] keys, int size, PoolSlots pool, MatchScratch scratch, int epoch) {
    scratch.begin(pool);
    int count = pool.size();
    for (int i = 0; i < count; i++) {
      scratch.alive[i] = pool.bits(i);
      scratch.active[i] = i;
    }
    int block = 0;
    int touched = 0;
    long before = 0;
    while (block < size && count > 0) {
      if (block == touched) {
        touched = Math.min(size, block + (block == 0 ? FIRST_TOUCHED : TOUCHED));
        touch(keys, block, touched, scratch);
      }
      long key = WideWord.nonZero(keys[block]);
      long value = table.get(key);
      if (value == before && Holders.isInline(value)) {
        // Blocks that were recorded together have the same holders: nobody drops out here.
        block++;
        continue;
      }
      before = value;
      if (Holders.isInline(value)) {
        findInline(value, pool, scratch, count);
      } else if (Holders.isWide(value)) {
        findWide(key, value, pool, scratch, count, epoch);
      } else {
        break;
      }
      int left = narrow(scratch, count, block);
      if (left == 0) {
        return block;
      }
      count = left;
      block++;
    }
    for (int i = 0; i < count; i++) {
      int word = scratch.active[i];
      scratch.setLengths(word, scratch.alive[word], block);
    }
    return count == 0 ? 0 : block;
  }

  private void touch(long[] keys, int from, int to, MatchScratch scratch) {
    long sum = 0;
    for (int i = from; i < to; i++) {
      sum ^= table.touch(keys[i]);
    }
    scratch.touched = sum;
  }

  private void findInline(long value, PoolSlots pool, MatchScratch scratch, int count) {
    int[] held = scratch.held;
    for (int i = 0; i < count; i++) {
      held[scratch.active[i]] = 0;
    }
    for (int i = 0; i < Holders.INLINE; i++) {
      int holder = Holders.get(value, i);
      int slot = Holders.slot(holder);
      int position = holder == 0 ? -1 : pool.position(WideWord.wordOf(slot));
      if (position >= 0 && slots.isValid(holder)) {
        held[position] |= 1 << WideWord.bitOf(slot);
      }
    }
  }

  /** Reads the words group by group, and each group only if it has a candidate that is alive. */
  private void findWide(
      long key, long value, PoolSlots pool, MatchScratch scratch, int count, int epoch) {
    int groups = findGroups(key, value, pool, scratch, count);
    for (int i = 0; i < groups; i++) {
      long groupKey = scratch.groupKeys[i];
      table.segment(groupKey).getGroup(groupKey, scratch.members[i], scratch.groupWords);
      int word = scratch.groups[i] * WideWord.NEIGHBOURS;
      for (int member = 0; member < WideWord.NEIGHBOURS; member++) {
        long holders = scratch.groupWords[member];
        int position = pool.position(word + member);
        if (position >= 0 && WideWord.is(holders)) {
          scratch.held[position] = WideWord.valid(holders, epoch);
        }
      }
    }
  }

  private int findGroups(long key, long value, PoolSlots pool, MatchScratch scratch, int count) {
    int groups = 0;
    int last = -1;
    long sum = 0;
    for (int i = 0; i < count; i++) {
      int position = scratch.active[i];
      scratch.held[position] = 0;
      int word = pool.word(position);
      int group = WideWord.groupOf(word);
      if (!Holders.mayHaveGroup(value, group)) {
        continue;
      }
      if (group != last) {
        last = group;
        long groupKey = WideWord.groupKey(key, group);
        sum ^= table.touch(groupKey);
        scratch.groups[groups] = group;
        scratch.members[groups] = 0;
        scratch.groupKeys[groups++] = groupKey;
      }
      scratch.members[groups - 1] |= 1 << WideWord.memberOf(word);
    }
    scratch.touched = sum;
    return groups;
  }

  /** Keeps the candidates that hold this block; the others' length is known now. */
  private static int narrow(MatchScratch scratch, int count, int block) {
    int left = 0;
    for (int i = 0; i < count; i++) {
      int word = scratch.active[i];
      int before = scratch.alive[word];
      int after = before & scratch.held[word];
      if (after != before) {
        scratch.setLengths(word, before & ~after, block);
        scratch.alive[word] = after;
      }
      if (after != 0) {
        scratch.active[left++] = word;
      }
    }
    return left;
  }
}
