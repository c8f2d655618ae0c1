package io.pointsman.e2e.modelserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.pointsman.e2e.harness.Ports;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class OfflineServerTest {
  @Test
  void saysWhatAServerAnswersAndFindsInItsCache() throws Exception {
    var offline = new OfflineServer();
    try (var ports = new Ports();
        var server =
            new SampleModelServer(
                    ServerSettings.instant("m"), InetAddress.getLoopbackAddress(), ports.next())
                .start()) {
      String messages = user("tell me ".repeat(50));
      for (int turn = 0; turn < 4; turn++) {
        String body = "{\"model\":\"m\",\"max_tokens\":40,\"messages\":[%s]}".formatted(messages);

        JsonObject real = post(server.address(), body);
        OfflineServer.Answered answered = offline.serve(body);

        JsonObject usage = real.getAsJsonObject("usage");
        assertThat(answered.promptTokens()).isEqualTo(usage.get("prompt_tokens").getAsInt());
        assertThat(answered.cachedTokens())
            .isEqualTo(
                usage.getAsJsonObject("prompt_tokens_details").get("cached_tokens").getAsInt());
        String text =
            real.getAsJsonArray("choices")
                .get(0)
                .getAsJsonObject()
                .getAsJsonObject("message")
                .get("content")
                .getAsString();
        assertThat(answered.answer()).isEqualTo(text).isEqualTo(OfflineServer.answer(body));
        if (turn > 0) {
          assertThat(answered.cachedTokens()).isGreaterThan(100);
        }
        messages +=
            ",{\"role\":\"assistant\",\"content\":\"%s\"},%s".formatted(text, user("and then? "));
      }
    }
  }

  @Test
  void whatAServerWouldRefuseIsRefused() {
    assertThatThrownBy(() -> OfflineServer.answer("{\"model\":\"m\""))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> OfflineServer.answer("{\"model\":\"m\",\"messages\":[]}"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("limit");
  }

  private static String user(String text) {
    return "{\"role\":\"user\",\"content\":\"%s\"}".formatted(text);
  }

  private static JsonObject post(String address, String body) throws Exception {
    var request =
        HttpRequest.newBuilder(URI.create("http://" + address + "/v1/chat/completions"))
            .timeout(Duration.ofSeconds(10))
            .POST(BodyPublishers.ofString(body))
            .build();
    var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
    assertThat(response.statusCode()).isEqualTo(200);
    return JsonParser.parseString(response.body()).getAsJsonObject();
  }
}
