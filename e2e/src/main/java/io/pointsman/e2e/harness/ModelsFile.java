package io.pointsman.e2e.harness;

import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The plugin's models file, replaced whole by one rename, so that no reader sees half of it. */
public final class ModelsFile {
  private final Path file;

  ModelsFile(Path file) {
    this.file = file;
  }

  /**
   * One model: either endpoints or rolesets.
   *
   * @param engine {@code vllm}, {@code sglang} or {@code trtllm}
   * @param transfer further keys that say how servers of rolesets hand KV caches over
   * @param endpoints as {@code host:port}, each for whole requests
   * @param rolesets groups whose endpoints share requests
   * @param config config profiles as JSON, or null
   */
  public record Model(
      String name,
      String engine,
      Map<String, String> transfer,
      List<String> endpoints,
      List<Roleset> rolesets,
      @Nullable String config) {
    public Model {
      transfer = Map.copyOf(transfer);
      endpoints = List.copyOf(endpoints);
      rolesets = List.copyOf(rolesets);
    }

    /** A model of vLLM servers for whole requests. */
    public Model(String name, List<String> endpoints, @Nullable String config) {
      this(name, "vllm", Map.of(), endpoints, List.of(), config);
    }

    /** All its servers. */
    public List<String> addresses() {
      var all = new ArrayList<>(endpoints);
      for (Roleset roleset : rolesets) {
        all.addAll(roleset.prefill());
        all.addAll(roleset.decode());
        all.addAll(roleset.combined());
      }
      return all;
    }
  }

  /**
   * A group of servers that share requests.
   *
   * @param prefill as {@code host:port}, as are the others
   * @param lengths keys that say for which prompts the group is
   */
  public record Roleset(
      String name,
      List<String> prefill,
      List<String> decode,
      List<String> combined,
      Map<String, Integer> lengths) {
    public Roleset {
      prefill = List.copyOf(prefill);
      decode = List.copyOf(decode);
      combined = List.copyOf(combined);
      lengths = Map.copyOf(lengths);
    }
  }

  public Path path() {
    return file;
  }

  /** Replaces the file's content. */
  public void write(List<Model> models) {
    var yaml = new StringBuilder("models:\n");
    for (Model model : models) {
      yaml.append("  - name: ").append(model.name()).append('\n');
      yaml.append("    engine: ").append(model.engine()).append('\n');
      model.transfer().forEach((key, value) -> line(yaml, 4, key, value));
      if (model.rolesets().isEmpty()) {
        yaml.append("    endpoints: ").append(list(model.endpoints())).append('\n');
      } else {
        yaml.append("    rolesets:\n");
        model.rolesets().forEach(roleset -> write(roleset, yaml));
      }
      if (model.config() != null) {
        yaml.append("    config: ").append(model.config()).append('\n');
      }
    }
    replace(file, yaml.toString());
  }

  private static void write(Roleset roleset, StringBuilder yaml) {
    yaml.append("      - name: ").append(roleset.name()).append('\n');
    yaml.append("        prefill: ").append(list(roleset.prefill())).append('\n');
    yaml.append("        decode: ").append(list(roleset.decode())).append('\n');
    if (!roleset.combined().isEmpty()) {
      yaml.append("        combined: ").append(list(roleset.combined())).append('\n');
    }
    roleset.lengths().forEach((key, value) -> line(yaml, 8, key, value));
  }

  private static void line(StringBuilder yaml, int indent, String key, Object value) {
    yaml.append(" ".repeat(indent)).append(key).append(": ").append(value).append('\n');
  }

  private static String list(List<String> endpoints) {
    return endpoints.stream()
        .map(endpoint -> '"' + endpoint + '"')
        .collect(joining(", ", "[", "]"));
  }

  /** Replaces the content by any text, sound or not. */
  public void writeText(String text) {
    replace(file, text);
  }

  static void replace(Path file, String text) {
    try {
      Path next = file.resolveSibling(file.getFileName() + ".next");
      Files.writeString(next, text);
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new HarnessException("cannot write " + file, e);
    }
  }
}
