package io.pointsman.e2e.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The plugin's models file, replaced whole by one rename, so that no reader sees half of it. */
public final class ModelsFile {
  private final Path file;

  ModelsFile(Path file) {
    this.file = file;
  }

  /**
   * One model.
   *
   * @param endpoints as {@code host:port}
   * @param config config profiles as JSON, or null
   */
  public record Model(String name, List<String> endpoints, @Nullable String config) {
    public Model {
      endpoints = List.copyOf(endpoints);
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
      yaml.append("    engine: vllm\n");
      yaml.append("    endpoints:").append(model.endpoints().isEmpty() ? " []\n" : "\n");
      for (String endpoint : model.endpoints()) {
        yaml.append("      - \"").append(endpoint).append("\"\n");
      }
      if (model.config() != null) {
        yaml.append("    config: ").append(model.config()).append('\n');
      }
    }
    replace(file, yaml.toString());
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
