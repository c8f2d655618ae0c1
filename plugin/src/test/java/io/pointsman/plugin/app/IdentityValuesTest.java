package io.pointsman.plugin.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pointsman.plugin.identity.IdentitySettings;
import io.pointsman.plugin.identity.KeyHash;
import io.pointsman.plugin.identity.UserPolicy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdentityValuesTest {
  @TempDir private Path folder;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void giveWhatIsRequired() throws Exception {
    Path config = Files.writeString(folder.resolve("endpoints.yaml"), "models: []");
    environment.put("POINTSMAN_ENDPOINTS_CONFIG", config.toString());
  }

  private IdentitySettings read() throws BadSettingsException {
    return PluginSettings.read(new SettingValues(Map.of(), environment)).identity();
  }

  @Test
  void nobodyIsAskedForAKeyByDefault() throws Exception {
    IdentitySettings settings = read();

    assertThat(settings.asksForKeys()).isFalse();
    assertThat(settings.users()).isEqualTo(UserPolicy.KNOWN);
    assertThat(settings.openWithoutRedis()).isTrue();
  }

  @Test
  void theContractsTokenIsAKeyThatNothingShows() throws Exception {
    environment.put("AIBRIX_AUTH_BEARER_TOKEN", " very-secret ");

    assertThat(read().asksForKeys()).isTrue();
    assertThat(read().bearerToken()).isEqualTo(KeyHash.of("very-secret"));
    assertThat(new SettingValues(Map.of(), environment).effective())
        .contains("auth-bearer-token=***")
        .doesNotContain("very-secret");
    assertThat(read().toString()).doesNotContain("very-secret");
  }

  @ParameterizedTest
  @ValueSource(strings = {" ", "two words", "zo\u00eb"})
  void aTokenThatNobodyCouldSendIsRefusedWithoutBeingRepeated(String token) {
    environment.put("AIBRIX_AUTH_BEARER_TOKEN", token);

    var refused = catchThrowableOfType(BadSettingsException.class, this::read);

    assertThat(refused.errors())
        .containsExactly(
            "AIBRIX_AUTH_BEARER_TOKEN: expected printable ASCII characters without spaces");
  }

  @Test
  void theMasterKeyIsReadFromAFileToo() throws Exception {
    Path file = Files.writeString(folder.resolve("master"), "from-file\n");
    environment.put("POINTSMAN_MASTER_KEY_FILE", file.toString());
    assertThat(masterKey()).isEqualTo(KeyHash.of("from-file"));

    environment.put("POINTSMAN_MASTER_KEY", "given");
    var refused = catchThrowableOfType(BadSettingsException.class, this::read);
    assertThat(refused.errors())
        .containsExactly("POINTSMAN_MASTER_KEY_FILE: has no effect beside --master-key");

    environment.remove("POINTSMAN_MASTER_KEY_FILE");
    assertThat(masterKey()).isEqualTo(KeyHash.of("given"));
    assertThat(new SettingValues(Map.of(), environment).effective()).contains("master-key=***");
  }

  private @Nullable KeyHash masterKey() throws BadSettingsException {
    return PluginSettings.read(new SettingValues(Map.of(), environment)).masterKey();
  }

  @Test
  void keysThatNobodyCouldHaveAreNotAskedFor() throws Exception {
    environment.put("POINTSMAN_REQUIRE_API_KEY", "true");

    var refused = catchThrowableOfType(BadSettingsException.class, this::read);
    assertThat(refused.errors())
        .containsExactly(
            "POINTSMAN_REQUIRE_API_KEY: nobody could have a key: needs --redis-url,"
                + " --api-keys-file or --auth-bearer-token");

    environment.put("REDIS_HOST", "cache");
    assertThat(read().asksForKeys()).isTrue();
  }
}
