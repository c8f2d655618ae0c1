package io.pointsman.plugin.app;

import com.google.gson.JsonObject;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.identity.ApiKey;
import io.pointsman.plugin.identity.ApiKeyStore;
import io.pointsman.plugin.identity.ApiKeyStore.Creation;
import io.pointsman.plugin.identity.AuditEvent;
import io.pointsman.plugin.identity.Limits;
import io.pointsman.plugin.identity.User;
import io.pointsman.plugin.identity.UserStore;
import io.pointsman.plugin.redis.RedisSession;
import io.pointsman.plugin.redis.RedisTarget;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParseResult;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Carries out {@code users …} and {@code api-keys …} on Redis. What was asked for goes to standard
 * output, a line of JSON for each user or key; a new key stands there alone, so that a script can
 * take it.
 */
final class StoreCommands {
  /** Who did it, in the audit log. */
  private static final String WHO = "cli";

  private static final Trouble NO_USER = new Trouble("unknown", "there is no user of this name");

  /**
   * Why a command could not be carried out.
   *
   * @param why for the audit log, by the word that it has for the same over HTTP
   * @param message for whoever gave the command
   */
  private record Trouble(String why, String message) {}

  private final StoreCommand command;
  private final ParseResult arguments;
  private final PrintWriter out;
  private final PrintWriter err;
  private final UserStore users;
  private final ApiKeyStore keys;

  private StoreCommands(
      StoreCommand command,
      ParseResult arguments,
      RedisSession redis,
      String keyPrefix,
      PrintWriter out,
      PrintWriter err) {
    this.command = command;
    this.arguments = arguments;
    this.out = out;
    this.err = err;
    users = new UserStore(redis);
    keys = new ApiKeyStore(redis, keyPrefix);
  }

  /**
   * Runs a command.
   *
   * @return {@link PluginCommand#OK}, or {@link PluginCommand#NOT_DONE} if there is no such user or
   *     key, or already is one
   * @throws BadSettingsException if a setting, a name or a number is wrong
   * @throws StartException if Redis or the audit log cannot be reached
   */
  static int run(
      StoreCommand command,
      ParseResult arguments,
      SettingValues values,
      PrintWriter out,
      PrintWriter err)
      throws BadSettingsException, StartException {
    RedisTarget target = PluginSettings.redisAlone(values);
    String keyPrefix = PluginSettings.keyPrefixAlone(values);
    try (var audit = AuditLogs.open(values.text(Setting.AUDIT_LOG), new SimpleMeterRegistry())) {
      String what = arguments.matchedPositionalValue(0, "all");
      @Nullable String why = "failed";
      try (var redis = RedisSession.open(target)) {
        Trouble trouble =
            new StoreCommands(command, arguments, redis, keyPrefix, out, err).carryOut();
        why = trouble == null ? null : trouble.why();
        if (trouble == null) {
          return PluginCommand.OK;
        }
        err.println(PluginCommand.NAME + ": " + trouble.message());
        err.flush();
        return PluginCommand.NOT_DONE;
      } catch (IllegalArgumentException e) {
        // As over HTTP: what was said is not repeated.
        what = command.group();
        why = "malformed";
        throw new BadSettingsException(List.of(String.valueOf(e.getMessage())));
      } catch (JedisException e) {
        why = "redis_is_away";
        throw new StartException("Redis at " + target + " cannot be used: " + e.getMessage(), e);
      } finally {
        audit.record(AuditEvent.admin(event(command), WHO, what, why, 0));
      }
    }
  }

  private static String event(StoreCommand command) {
    return switch (command) {
      case USERS_CREATE -> "user_created";
      case USERS_READ -> "user_read";
      case USERS_UPDATE -> "user_updated";
      case USERS_DELETE -> "user_deleted";
      case USERS_LIST -> "users_listed";
      case API_KEYS_CREATE -> "api_key_created";
      case API_KEYS_LIST -> "api_keys_listed";
      case API_KEYS_REVOKE -> "api_key_revoked";
    };
  }

  /** Null if it was done, else why it was not. */
  private @Nullable Trouble carryOut() {
    return switch (command) {
      case USERS_CREATE ->
          users.create(user(0, 0))
              ? null
              : new Trouble("name_taken", "there is a user of this name");
      case USERS_READ -> show(users.read(name()));
      case USERS_UPDATE -> update();
      case USERS_DELETE -> users.delete(name()) ? null : NO_USER;
      case USERS_LIST -> {
        users.list().forEach(user -> out.println(user.toJson()));
        yield null;
      }
      case API_KEYS_CREATE -> createKey();
      case API_KEYS_LIST -> {
        keys.list().forEach(key -> out.println(describe(key)));
        yield null;
      }
      case API_KEYS_REVOKE ->
          keys.revoke(name()) ? null : new Trouble("unknown", "there is no key of this name");
    };
  }

  private @Nullable Trouble show(@Nullable User user) {
    if (user == null) {
      return NO_USER;
    }
    out.println(user.toJson());
    return null;
  }

  private @Nullable Trouble update() {
    User old = users.read(name());
    return old != null && users.update(user(old.rpm(), old.tpm())) ? null : NO_USER;
  }

  private User user(int rpm, long tpm) {
    return new User(
        name(),
        (int) count("--rpm", rpm, Limits.MAX_REQUESTS),
        count("--tpm", tpm, Limits.MAX_TOKENS));
  }

  private @Nullable Trouble createKey() {
    String user = arguments.matchedOptionValue("--user", (String) null);
    var limits =
        new Limits(
            (int) count("--requests-per-minute", 0, Limits.MAX_REQUESTS),
            count("--tokens-per-minute", 0, Limits.MAX_TOKENS),
            (int) count("--requests-in-flight", 0, Limits.MAX_REQUESTS));
    Creation creation = keys.create(name(), user == null ? null : ApiKey.checkName(user), limits);
    if (creation instanceof Creation.Created created) {
      out.println(created.secret());
      err.println("created; this key is not shown again: " + describe(created.key()));
      err.flush();
      return null;
    }
    return creation instanceof Creation.NameTaken
        ? new Trouble("name_taken", "there is a key of this name")
        : new Trouble("too_many_keys", "there are as many keys as there can be");
  }

  private static String describe(ApiKey key) {
    var json = new JsonObject();
    json.addProperty("name", key.name());
    json.addProperty("user_id", key.user());
    json.addProperty("prefix", key.prefix());
    json.addProperty("created_at", key.createdAt());
    json.addProperty("requests_per_minute", key.limits().requestsPerMinute());
    json.addProperty("tokens_per_minute", key.limits().tokensPerMinute());
    json.addProperty("requests_in_flight", key.limits().requestsInFlight());
    return json.toString();
  }

  private String name() {
    return ApiKey.checkName(arguments.matchedPositionalValue(0, ""));
  }

  private long count(String option, long otherwise, long max) {
    long value = arguments.matchedOptionValue(option, otherwise);
    if (value < 0 || value > max) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s: expected an integer from 0 to %d", option, max));
    }
    return value;
  }
}
