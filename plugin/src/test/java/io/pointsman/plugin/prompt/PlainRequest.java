package io.pointsman.plugin.prompt;

import io.pointsman.plugin.prompt.PlainJson.Arr;
import io.pointsman.plugin.prompt.PlainJson.Bool;
import io.pointsman.plugin.prompt.PlainJson.Member;
import io.pointsman.plugin.prompt.PlainJson.Node;
import io.pointsman.plugin.prompt.PlainJson.NotJson;
import io.pointsman.plugin.prompt.PlainJson.Num;
import io.pointsman.plugin.prompt.PlainJson.Obj;
import io.pointsman.plugin.prompt.PlainJson.Str;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads a request body from its whole tree: the plain model that the reader is held against. */
final class PlainRequest {
  private static final Set<String> MEDIA_OBJECTS =
      Set.of("image_url", "audio_url", "video_url", "input_audio", "source", "file");
  private static final Set<String> MEDIA =
      Set.of("url", "data", "file_data", "file_id", "file_url");
  private static final List<String> MEANT =
      List.of(
          "model",
          "stream",
          "stream_options",
          "max_tokens",
          "max_completion_tokens",
          "max_output_tokens",
          "n",
          "best_of",
          "cache_salt",
          "messages",
          "system",
          "instructions",
          "tools",
          "functions",
          "prompt",
          "input",
          "query",
          "documents",
          "text_1",
          "text_2",
          "include_usage",
          "role",
          "content",
          "type",
          "cache_control",
          "text",
          "image_url",
          "audio_url",
          "video_url",
          "input_audio",
          "source",
          "file",
          "url",
          "data",
          "file_data",
          "file_id",
          "file_url");

  final String model;
  final boolean stream;
  final boolean includeUsage;
  final int maxTokens;
  final int answerTokens;
  final int answers;

  /** Spans with escapes resolved, as {@link SpanText#resolved} writes them. */
  final List<String> spans = new ArrayList<>();

  private final List<String> salt = new ArrayList<>();
  private final List<String> system = new ArrayList<>();
  private final List<String> tools = new ArrayList<>();
  private final List<String> conversation = new ArrayList<>();
  private boolean conversationStarted;

  PlainRequest(Api api, byte[] body) throws NotJson {
    Obj root = object(PlainJson.parse(body));
    for (String key : MEANT) {
      check(root.named(key).size() <= 1);
    }
    List<Node> models = root.named("model");
    check(models.size() == 1);
    model = modelOf(models.get(0));
    stream = flag(root, "stream");
    Optional<Node> options = member(root, "stream_options");
    includeUsage = options.isPresent() && includeUsage(object(options.get()));
    maxTokens = tokenLimit(root);
    answerTokens = answerTokens(api, root);
    answers = answers(api, root);
    Optional<Node> cacheSalt = member(root, "cache_salt");
    if (cacheSalt.isPresent()) {
      salt.add("SALT " + cacheSalt.get().string().orElseThrow(PlainRequest::refused));
    }
    for (Member member : root.members()) {
      if (!member.node().isNull()) {
        readPrompt(api, member.key(), member.node());
      }
    }
    checkRequired(api, root);
    spans.addAll(salt);
    spans.addAll(system);
    spans.addAll(tools);
    spans.addAll(conversation);
  }

  private static void checkRequired(Api api, Obj root) throws NotJson {
    boolean messages = member(root, "messages").isPresent();
    boolean input = member(root, "input").isPresent();
    switch (api) {
      case CHAT_COMPLETIONS, MESSAGES -> check(messages);
      case COMPLETIONS -> check(member(root, "prompt").isPresent());
      case RESPONSES -> check(input);
      case EMBEDDINGS -> check((messages || input) && !flag(root, "stream"));
      case CLASSIFY -> check(messages || input);
      case RERANK ->
          check(member(root, "query").isPresent() && member(root, "documents").isPresent());
      default -> {}
    }
  }

  private void readPrompt(Api api, String key, Node node) throws NotJson {
    String place = api + " " + key;
    switch (place) {
      case "CHAT_COMPLETIONS messages",
          "MESSAGES messages",
          "EMBEDDINGS messages",
          "CLASSIFY messages" -> {
        check(!array(node).elements().isEmpty());
        readMessages(array(node));
      }
      case "CHAT_COMPLETIONS tools",
          "CHAT_COMPLETIONS functions",
          "MESSAGES tools",
          "RESPONSES tools" -> {
        array(node);
        tools.add("|TOOLS " + node.raw());
      }
      case "MESSAGES system", "RESPONSES instructions" -> {
        List<String> texts = new ArrayList<>();
        readContent(node, texts);
        system.addAll(group(asSystem(texts)));
      }
      case "RESPONSES input" -> {
        if (node.string().isPresent()) {
          conversation.add("|TEXT " + node.string().get());
        } else {
          readMessages(array(node));
        }
      }
      case "COMPLETIONS prompt", "IMAGES_GENERATIONS prompt" -> readPrompts(node, false);
      case "EMBEDDINGS input",
          "CLASSIFY input",
          "RERANK query",
          "RERANK documents",
          "SCORE text_1",
          "SCORE text_2" ->
          check(readPrompts(node, true));
      default -> {}
    }
  }

  private void readMessages(Arr messages) throws NotJson {
    for (Node node : messages.elements()) {
      readMessage(object(node));
    }
  }

  private void readMessage(Obj message) throws NotJson {
    check(message.named("role").size() <= 1 && message.named("content").size() <= 1);
    List<String> role = new ArrayList<>();
    List<String> content = new ArrayList<>();
    List<String> rest = new ArrayList<>();
    for (Member member : message.members()) {
      Node node = member.node();
      switch (member.key()) {
        case "type", "cache_control" -> {}
        case "role" -> {
          if (!node.isNull()) {
            role.add("ROLE " + node.string().orElseThrow(PlainRequest::refused));
          }
        }
        case "content" -> readContent(node, content);
        default -> readField(member, rest);
      }
    }
    boolean leads =
        !conversationStarted && (role.contains("ROLE system") || role.contains("ROLE developer"));
    conversationStarted |= !leads;
    List<String> all = new ArrayList<>(leads ? List.of() : role);
    all.addAll(content);
    all.addAll(rest);
    if (leads) {
      system.addAll(group(asSystem(all)));
    } else {
      conversation.addAll(group(all));
    }
  }

  private void readContent(Node node, List<String> to) throws NotJson {
    if (node.isNull()) {
      return;
    }
    if (node.string().isPresent()) {
      to.add("TEXT " + node.string().get());
      return;
    }
    for (Node element : array(node).elements()) {
      if (element.string().isPresent()) {
        to.add("TEXT " + element.string().get());
      } else {
        readPart(object(element), to, true);
      }
    }
  }

  private void readPart(Obj part, List<String> to, boolean outermost) throws NotJson {
    for (Member member : part.members()) {
      String key = member.key();
      Node node = member.node();
      Optional<String> text = node.string();
      if (key.equals("type") || key.equals("cache_control")) {
        continue;
      }
      if (key.equals("text") && text.isPresent()) {
        to.add("TEXT " + text.get());
      } else if (key.equals("content") && outermost && text.isPresent()) {
        to.add("TEXT " + text.get());
      } else if (key.equals("content") && outermost && node.value() instanceof Arr parts) {
        for (Node element : parts.elements()) {
          if (element.value() instanceof Obj inner) {
            readPart(inner, to, false);
          } else {
            to.add(element.string().map(s -> "TEXT " + s).orElse("JSON " + element.raw()));
          }
        }
      } else if ((MEDIA.contains(key) || MEDIA_OBJECTS.contains(key)) && text.isPresent()) {
        to.add("MEDIA " + text.get());
      } else if (MEDIA_OBJECTS.contains(key) && node.value() instanceof Obj media) {
        for (Member inner : media.members()) {
          if (MEDIA.contains(inner.key()) && inner.node().string().isPresent()) {
            to.add("MEDIA " + inner.node().string().get());
          }
        }
      } else {
        readField(member, to);
      }
    }
  }

  private static void readField(Member member, List<String> to) {
    Node node = member.node();
    if (!node.isNull()) {
      to.add("FIELD " + member.key());
      to.add(node.string().map(text -> "TEXT " + text).orElse("JSON " + node.raw()));
    }
  }

  private boolean readPrompts(Node node, boolean partsAllowed) throws NotJson {
    if (node.value() instanceof Str text) {
      conversation.add("|TEXT " + text.text());
      return !text.text().isEmpty();
    }
    if (node.value() instanceof Obj part && partsAllowed) {
      List<String> spans = new ArrayList<>();
      readPart(part, spans, true);
      conversation.addAll(group(spans));
      return true;
    }
    List<Node> elements = array(node).elements();
    if (!elements.isEmpty() && elements.get(0).value() instanceof Num) {
      conversation.add("|TOKENS " + tokens(node));
      return true;
    }
    for (Node element : elements) {
      if (element.value() instanceof Arr ids) {
        if (!ids.elements().isEmpty()) {
          conversation.add("|TOKENS " + tokens(element));
        }
      } else if (element.value() instanceof Obj part && partsAllowed) {
        List<String> spans = new ArrayList<>();
        readPart(part, spans, true);
        conversation.addAll(group(spans));
      } else {
        conversation.add("|TEXT " + element.string().orElseThrow(PlainRequest::refused));
      }
    }
    return !elements.isEmpty();
  }

  private static String tokens(Node node) throws NotJson {
    for (Node id : array(node).elements()) {
      check(id.value() instanceof Num number && number.text().matches("-?[0-9]+"));
    }
    String raw = node.raw();
    return raw.substring(1, raw.length() - 1).strip();
  }

  private static List<String> group(List<String> spans) {
    List<String> group = new ArrayList<>(spans);
    if (!group.isEmpty()) {
      group.set(0, "|" + group.get(0));
    }
    return group;
  }

  private static List<String> asSystem(List<String> spans) {
    return spans.stream().map(s -> s.startsWith("TEXT ") ? "SYSTEM " + s.substring(5) : s).toList();
  }

  private static String modelOf(Node node) throws NotJson {
    String name = node.string().orElseThrow(PlainRequest::refused);
    check(!name.isEmpty() && name.length() <= 1024);
    check(name.chars().noneMatch(Character::isISOControl));
    check(name.codePoints().noneMatch(c -> c >= 0xd800 && c <= 0xdfff));
    return name;
  }

  private static boolean includeUsage(Obj options) throws NotJson {
    check(options.named("include_usage").size() <= 1);
    return flag(options, "include_usage");
  }

  private static int tokenLimit(Obj root) throws NotJson {
    int[] limits = {
      limit(root, "max_tokens"),
      limit(root, "max_completion_tokens"),
      limit(root, "max_output_tokens")
    };
    for (int limit : limits) {
      if (limit >= 0) {
        return limit;
      }
    }
    return -1;
  }

  private static int answerTokens(Api api, Obj root) throws NotJson {
    List<String> own =
        switch (api) {
          case CHAT_COMPLETIONS -> List.of("max_tokens", "max_completion_tokens");
          case RESPONSES -> List.of("max_output_tokens");
          default -> List.of("max_tokens");
        };
    boolean bounded = false;
    int largest = -1;
    for (String key : List.of("max_tokens", "max_completion_tokens", "max_output_tokens")) {
      int limit = limit(root, key);
      bounded |= own.contains(key) && limit > 0;
      largest = Math.max(largest, limit);
    }
    return bounded ? largest : -1;
  }

  private static int answers(Api api, Obj root) throws NotJson {
    if (api != Api.CHAT_COMPLETIONS && api != Api.COMPLETIONS) {
      return 1;
    }
    int each = Math.max(limit(root, "n"), limit(root, "best_of"));
    int prompts = 1;
    Optional<Node> prompt = member(root, "prompt");
    if (api == Api.COMPLETIONS
        && prompt.isPresent()
        && prompt.get().value() instanceof Arr batch
        && !batch.elements().isEmpty()
        && !(batch.elements().get(0).value() instanceof Num)) {
      prompts = batch.elements().size();
    }
    return BigInteger.valueOf(Math.max(1, each))
        .multiply(BigInteger.valueOf(prompts))
        .min(BigInteger.valueOf(Integer.MAX_VALUE))
        .intValueExact();
  }

  private static int limit(Obj root, String key) throws NotJson {
    Optional<Node> node = member(root, key);
    if (node.isEmpty()) {
      return -1;
    }
    check(node.get().value() instanceof Num number && number.text().matches("-?[0-9]+"));
    String text = node.get().raw();
    BigInteger value = new BigInteger(text).min(BigInteger.valueOf(Integer.MAX_VALUE));
    return text.startsWith("-") ? -1 : value.intValueExact();
  }

  private static boolean flag(Obj object, String key) throws NotJson {
    Optional<Node> node = member(object, key);
    if (node.isEmpty()) {
      return false;
    }
    if (node.get().value() instanceof Bool flag) {
      return flag.value();
    }
    throw refused();
  }

  /** A member that is there and not null. */
  private static Optional<Node> member(Obj object, String key) {
    return object.named(key).stream().filter(node -> !node.isNull()).findFirst();
  }

  private static Obj object(Node node) throws NotJson {
    if (node.value() instanceof Obj object) {
      return object;
    }
    throw refused();
  }

  private static Arr array(Node node) throws NotJson {
    if (node.value() instanceof Arr array) {
      return array;
    }
    throw refused();
  }

  private static void check(boolean holds) throws NotJson {
    if (!holds) {
      throw refused();
    }
  }

  private static NotJson refused() {
    return new NotJson("refused");
  }
}
