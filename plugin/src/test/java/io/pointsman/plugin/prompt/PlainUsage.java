package io.pointsman.plugin.prompt;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.pointsman.plugin.prompt.PlainJson.Member;
import io.pointsman.plugin.prompt.PlainJson.Node;
import io.pointsman.plugin.prompt.PlainJson.NotJson;
import io.pointsman.plugin.prompt.PlainJson.Num;
import io.pointsman.plugin.prompt.PlainJson.Obj;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Token usage from a body as a whole: the plain model that the reader is held against. */
final class PlainUsage {
  private static final Set<String> TERMINAL =
      Set.of("message_stop", "response.completed", "response.incomplete", "response.failed");

  long promptTokens = -1;
  long completionTokens = -1;
  boolean terminal;

  static PlainUsage ofJson(byte[] body) throws NotJson {
    PlainUsage usage = new PlainUsage();
    usage.readDocument(PlainJson.parse(body));
    return usage;
  }

  static PlainUsage ofEvents(byte[] body) {
    PlainUsage usage = new PlainUsage();
    String text = new String(body, ISO_8859_1);
    if (text.startsWith("\u00ef\u00bb\u00bf")) {
      text = text.substring(3);
    }
    List<String> data = new ArrayList<>();
    for (String line : text.split("\r\n|\r|\n", -1)) {
      if (line.isEmpty()) {
        usage.dispatch(String.join("\n", data));
        data.clear();
      } else if (line.equals("data")) {
        data.add("");
      } else if (line.startsWith("data:")) {
        String value = line.substring("data:".length());
        data.add(value.startsWith(" ") ? value.substring(1) : value);
      }
    }
    usage.dispatch(String.join("\n", data));
    return usage;
  }

  private void dispatch(String data) {
    terminal |= data.strip().equals("[DONE]");
    try {
      readDocument(PlainJson.parse(data.getBytes(ISO_8859_1)));
    } catch (NotJson e) {
      // An event that is no JSON says nothing of usage.
    }
  }

  private void readDocument(Node document) {
    if (!(document.value() instanceof Obj root)) {
      return;
    }
    for (Member member : root.members()) {
      if (member.node().value() instanceof Obj inner) {
        switch (member.key()) {
          case "usage" -> readUsage(inner);
          case "response", "message" -> {
            for (Node usage : inner.named("usage")) {
              if (usage.value() instanceof Obj object) {
                readUsage(object);
              }
            }
          }
          default -> {}
        }
      }
    }
    List<String> types =
        root.named("type").stream().flatMap(node -> node.string().stream()).toList();
    terminal |= !types.isEmpty() && TERMINAL.contains(types.get(types.size() - 1));
  }

  private void readUsage(Obj usage) {
    for (Member member : usage.members()) {
      boolean count =
          member.node().value() instanceof Num number && number.text().matches("[0-9]{1,12}");
      if (count) {
        switch (member.key()) {
          case "prompt_tokens", "input_tokens" ->
              promptTokens = Long.parseLong(member.node().raw());
          case "completion_tokens", "output_tokens" ->
              completionTokens = Long.parseLong(member.node().raw());
          default -> {}
        }
      }
    }
  }
}
