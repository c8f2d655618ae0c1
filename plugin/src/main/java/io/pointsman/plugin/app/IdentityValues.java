package io.pointsman.plugin.app;

import static io.pointsman.plugin.app.SettingValues.expected;

import io.pointsman.common.ConfigException;
import io.pointsman.common.FileWatcher;
import io.pointsman.plugin.identity.IdentitySettings;
import io.pointsman.plugin.identity.KeyHash;
import io.pointsman.plugin.identity.UserPolicy;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads the settings of keys and users. */
final class IdentityValues {
  private IdentityValues() {}

  static IdentitySettings read(SettingValues values) {
    var settings =
        new IdentitySettings(
            bearerToken(values),
            values.file(Setting.API_KEYS_FILE),
            values.bool(Setting.REQUIRE_API_KEY),
            users(values),
            failsOpen(values),
            values.bool(Setting.FORWARD_AUTHORIZATION));
    boolean redis = values.isSet(Setting.REDIS_URL) || values.isSet(Setting.REDIS_HOST);
    if (settings.requireKey()
        && !redis
        && !values.isSet(Setting.AUTH_BEARER_TOKEN)
        && !values.isSet(Setting.API_KEYS_FILE)) {
      values.addError(
          Setting.REQUIRE_API_KEY,
          "nobody could have a key: needs --redis-url, --api-keys-file or --auth-bearer-token");
    }
    return settings;
  }

  private static @Nullable KeyHash bearerToken(SettingValues values) {
    return values.<@Nullable KeyHash>read(Setting.AUTH_BEARER_TOKEN, null, KeyHash::ofSecret);
  }

  /**
   * The hash of the master key, or null where there is none.
   *
   * @param values told of what is wrong with it
   */
  static @Nullable KeyHash masterKey(SettingValues values) {
    if (values.isSet(Setting.MASTER_KEY) && values.isSet(Setting.MASTER_KEY_FILE)) {
      values.addError(Setting.MASTER_KEY_FILE, "has no effect beside --master-key");
    }
    KeyHash fromFile =
        values.<@Nullable KeyHash>read(
            Setting.MASTER_KEY_FILE,
            null,
            file -> {
              try {
                return KeyHash.ofSecret(FileWatcher.read(Path.of(file)));
              } catch (ConfigException e) {
                throw new IllegalArgumentException(e.getMessage(), e);
              }
            });
    KeyHash given = values.<@Nullable KeyHash>read(Setting.MASTER_KEY, null, KeyHash::ofSecret);
    return given != null ? given : fromFile;
  }

  private static UserPolicy users(SettingValues values) {
    return values.read(
        Setting.USERS,
        UserPolicy.OFF,
        name -> {
          UserPolicy policy = UserPolicy.of(name);
          if (policy == null) {
            throw expected("off, known or any", name);
          }
          return policy;
        });
  }

  static boolean failsOpen(SettingValues values) {
    return values.read(
        Setting.REDIS_FAILURE_MODE,
        false,
        mode ->
            switch (mode) {
              case "open" -> true;
              case "closed" -> false;
              default -> throw expected("open or closed", mode);
            });
  }
}
