package io.pointsman.plugin.limit;

/**
 * What Redis does in one exchange. All replicas together keep the rule that the holds on a counter
 * never exceed its limit:
 *
 * <ul>
 *   <li>A replica's <i>hold</i> is all that it was given in the present window, spent or not (or
 *       the requests in flight it may have). A replica tells what it holds and what more it needs,
 *       and is told its new hold. Holds are absolute: what is told twice counts once, and a Redis
 *       that lost its data learns them again.
 *   <li>Windows are Redis' time divided by their length. Holds die with their window, also those of
 *       a replica that died: nobody gets them. If the clock is set back into the window before, the
 *       later one goes on; any other setting ends a window.
 *   <li>Calls of a replica are numbered, and one that comes late counts for nothing.
 *   <li>A replica not heard of for {@link #SILENT_MS} may be alive and cut off. If such replicas go
 *       on by themselves ({@code open}), their part is kept for them until they are forgotten: see
 *       {@link Place}. Of requests in flight only until those expire.
 *   <li>If Redis comes back from anything that may have lost it data, or kept everybody from it, it
 *       gives nothing until all replicas that were there have told their holds (new ones do not
 *       count), or {@link #SETTLE_MS} have passed; where none of them has told anything for {@link
 *       #ALONE_MS}, there were none. If it was empty then and somebody is missing, windows that had
 *       begun before stay closed.
 * </ul>
 */
final class LeaseScript {
  static final long SILENT_MS = 1_000;
  static final long SETTLE_MS = 3_000;

  /** A call that comes later than this is no sign of life: its sender may have given up on it. */
  static final long CALL_LIFE_MS = 250;

  /** Whoever lost Redis looks for it each second; longer than that. */
  static final long ALONE_MS = 1_500;

  /** Whoever was silent for so long is gone for good. */
  static final long FORGET_MS = 30_000;

  /** Requests in flight of a replica that was silent for so long are over. */
  static final long IN_FLIGHT_EXPIRY_MS = 3_000;

  /** The part of what is free that is given beyond what is needed at once. */
  private static final int PART = 2;

  /** Arguments before those of the counters. */
  static final int HEAD = 10;

  /** Arguments of each counter. */
  static final int EACH = 7;

  /** Values in the reply before those of the counters. */
  static final int REPLY_HEAD = 8;

  private static final String TIME = "redis.call('TIME')";

  /**
   * KEYS: replicas; counters. ARGV: replica, number of the call, 1 if the replica has told all its
   * holds, 1 if replicas that are cut off go on, how many replicas it knows, the list's beginning
   * that it knows, until when the third counts, the list, number and rank of its {@link Place}; for
   * each counter its limit, window length in ms, window, hold, amount needed at once, the least of
   * it that is of use, amount wanted beyond.
   *
   * <p>Reply: as in {@link LeaseReply}.
   */
  private static final String TEXT =
      """
      local time = @TIME
      local micros = time[1] * 1000000 + time[2]
      local now = math.floor(micros / 1000)
      local me = ARGV[1]
      local call = tonumber(ARGV[2])
      local told = ARGV[3] == '1'
      local open = ARGV[4] == '1'
      local known = tonumber(ARGV[5])

      local function part(limit, n, rank, window)
        local one = rank >= 0 and (window + rank) % n < limit % n
        return math.floor(limit / n) + (one and 1 or 0)
      end

      local of = {call = {}, since = {}, seen = {}, list = {}, place = {}}
      local seen, since = of.seen, of.since
      local created, settle, expected, newest = nil, 0, 0, nil
      local all = redis.call('HGETALL', KEYS[1])
      for i = 1, #all, 2 do
        local field, value = all[i], all[i + 1]
        local kind, id = string.match(field, '^(%a+):(.*)$')
        if kind then of[kind][id] = tonumber(value) or value
        elseif field == 'created' then created = tonumber(value)
        elseif field == 'settle' then settle = tonumber(value)
        elseif field == 'expected' then expected = tonumber(value) end
      end
      if of.call[me] and call <= of.call[me] then return {} end
      for id, value in pairs(seen) do
        if not newest or value > newest then newest = value end
      end
      if not created then
        created, settle, expected = now, now, 0
      elseif newest and (now - newest > @SILENT or newest - now > @SILENT) then
        settle, expected = now, 0
        for id, value in pairs(seen) do
          if value > now then
            seen[id] = now - 2 * @SILENT
            redis.call('HSET', KEYS[1], 'seen:' .. id, seen[id])
          end
        end
      end
      local born = tonumber(ARGV[6])
      if born ~= 0 and born ~= created and not since[me] then
        since[me] = 0
        redis.call('HSET', KEYS[1], 'since:' .. me, 0)
      end
      if now < settle + @SETTLE and since[me] and since[me] < settle then
        expected = math.max(expected, known)
      end
      if told and created == born and now <= tonumber(ARGV[7]) then
        seen[me] = now
        redis.call('HSET', KEYS[1], 'seen:' .. me, now)
        if not since[me] then
          since[me] = now
          redis.call('HSET', KEYS[1], 'since:' .. me, now)
        end
      end
      redis.call('HSET', KEYS[1], 'call:' .. me, call, 'created', created,
        'settle', settle, 'expected', expected, 'list:' .. me, ARGV[8])
      redis.call('PEXPIRE', KEYS[1], 3600000)

      local silent, ids, n, ready = {}, {}, 0, 0
      for id, value in pairs(seen) do
        if now - value > @FORGET and now - settle > @FORGET then
          redis.call('HDEL', KEYS[1], 'seen:' .. id, 'call:' .. id, 'since:' .. id,
            'list:' .. id, 'place:' .. id)
          seen[id] = nil
        else
          n = n + 1
          ids[n] = id
          if value >= settle and (since[id] or 0) < settle then ready = ready + 1 end
          if open and id ~= me and now - value > @SILENT then silent[id] = true end
        end
      end
      if not seen[me] then n = n + 1 end
      if now < settle + @SETTLE then n = math.max(n, expected) end
      local settled = now >= settle + @SETTLE
        or (ready >= expected and (expected > 0 or now >= created + @ALONE))

      table.sort(ids)
      local list = tonumber(string.sub(redis.sha1hex(table.concat(ids, ' ')), 1, 12), 16)
      local rank, all_know = -1, settled and n == #ids
      for i, id in ipairs(ids) do
        if id == me then rank = i - 1
        elseif of.list[id] ~= list then all_know = false end
      end
      if rank < 0 then all_know = false end
      local place = ARGV[9] .. ' ' .. ARGV[10]
      redis.call('HSET', KEYS[1], 'place:' .. me,
        place .. ' ' .. (all_know and n .. ' ' .. rank or place))
      for id in pairs(silent) do
        local p = {}
        for word in string.gmatch(of.place[id], '%S+') do p[#p + 1] = tonumber(word) end
        silent[id] = p
      end
      local reply = {micros, n, settled and 1 or 0, created,
        list, rank, all_know and 1 or 0, (since[me] or now) + @FORGET}

      for k = 2, #KEYS do
        local a = @HEAD + @EACH * (k - 2)
        local limit, width = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
        local window, held = tonumber(ARGV[a + 3]), tonumber(ARGV[a + 4])
        local must, least = tonumber(ARGV[a + 5]), tonumber(ARGV[a + 6])
        local want = tonumber(ARGV[a + 7])
        local current = width > 0 and math.floor(now / width) or 0
        local holds, stored = {}, current
        local other = limit
        local fields = redis.call('HGETALL', KEYS[k])
        for i = 1, #fields, 2 do
          if fields[i] == 'window' then stored = tonumber(fields[i + 1])
          elseif fields[i] == 'limit' then other = tonumber(fields[i + 1])
          else holds[fields[i]] = tonumber(fields[i + 1]) end
        end
        if stored == current + 1 then
          current = stored
        elseif stored ~= current then
          redis.call('DEL', KEYS[k])
          holds, other = {}, limit
        end
        local base = window == current and held or 0
        local others, kept = 0, 0
        for id, hold in pairs(holds) do
          if id ~= me then
            if width == 0 and now - settle > @EXPIRY
                and (not seen[id] or now - seen[id] > @EXPIRY) then
              redis.call('HDEL', KEYS[k], id)
            else
              others = others + hold
            end
          end
        end
        for id, p in pairs(silent) do
          if width > 0 or now - settle <= @EXPIRY or now - seen[id] <= @EXPIRY then
            local own = math.max(part(limit, p[1], p[2], current), part(limit, p[3], p[4], current))
            kept = kept + math.max(0, own - (holds[id] or 0))
          end
        end
        local free = limit - others - kept - base
        local closed = not settled
          or (width > 0 and current * width < created and ready < expected)
        if closed or free < 0 then free = 0 end
        if free < least then must = 0 end
        local more = math.max(must, math.min(want, math.ceil(free / (@PART * n))))
        local hold = base + math.min(free, more)
        redis.call('HSET', KEYS[k], 'window', current, 'limit', limit, me, hold)
        redis.call('PEXPIRE', KEYS[k], width > 0 and 2 * width or 10000)
        reply[#reply + 1] = current
        reply[#reply + 1] = hold
        reply[#reply + 1] = others + kept + hold
        reply[#reply + 1] = other ~= limit and other or 0
      end
      return reply
      """;

  /** KEYS: replicas. ARGV: replica. It is gone, and nothing is kept for it. */
  static final String LEAVE =
      """
      return redis.call('HDEL', KEYS[1], 'seen:' .. ARGV[1], 'call:' .. ARGV[1],
        'since:' .. ARGV[1], 'list:' .. ARGV[1], 'place:' .. ARGV[1])
      """;

  private LeaseScript() {}

  /** The script. */
  static String text() {
    return text(TIME);
  }

  /**
   * The script with another clock.
   *
   * @param time Lua expression in place of the call of {@code TIME}
   */
  static String text(String time) {
    return TEXT.replace("@TIME", time)
        .replace("@SILENT", Long.toString(SILENT_MS))
        .replace("@ALONE", Long.toString(ALONE_MS))
        .replace("@SETTLE", Long.toString(SETTLE_MS))
        .replace("@FORGET", Long.toString(FORGET_MS))
        .replace("@EXPIRY", Long.toString(IN_FLIGHT_EXPIRY_MS))
        .replace("@HEAD", Integer.toString(HEAD))
        .replace("@EACH", Integer.toString(EACH))
        .replace("@PART", Integer.toString(PART));
  }
}
