package io.pointsman.plugin.app;

import static io.pointsman.plugin.app.SettingValues.expected;

import io.pointsman.plugin.endpoint.kubernetes.KubernetesSettings;
import io.pointsman.plugin.endpoint.kubernetes.PodKeys;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Where models and their endpoints are found. */
sealed interface DiscoverySettings {
  /** In a file. */
  record FromFile(Path file) implements DiscoverySettings {}

  /** In Kubernetes. */
  record FromKubernetes(KubernetesSettings settings) implements DiscoverySettings {}

  /** Reads and checks all of them, whichever applies. */
  static DiscoverySettings read(SettingValues values) {
    KubernetesSettings kubernetes = Kubernetes.read(values);
    boolean fromFile =
        values.read(
            Setting.DISCOVERY,
            true,
            text ->
                switch (text) {
                  case "file" -> true;
                  case "kubernetes" -> false;
                  default -> throw expected("file or kubernetes", text);
                });
    Path file = values.file(Setting.ENDPOINTS_CONFIG);
    if (!fromFile) {
      if (values.isSet(Setting.ENDPOINTS_CONFIG)) {
        values.addError(Setting.ENDPOINTS_CONFIG, "has no effect with --discovery=kubernetes");
      }
      return new FromKubernetes(kubernetes);
    }
    if (!values.isSet(Setting.ENDPOINTS_CONFIG)) {
      values.addError(
          Setting.ENDPOINTS_CONFIG, "is missing; it names the file of models and their endpoints");
    }
    return new FromFile(file == null ? Path.of("") : file);
  }

  /** The settings of one kind. */
  final class Kubernetes {
    private static final String NAME = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
    private static final String WORD = "[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?";
    private static final String KEY = "(" + NAME + "(\\." + NAME + ")*/)?" + WORD;
    private static final String VALUE = "(" + WORD + ")?";
    private static final String REQUIREMENT =
        ("\\s*(!?\\s*KEY|KEY\\s*(=|==|!=)\\s*VALUE"
                + "|KEY\\s+(in|notin)\\s+\\(\\s*VALUE\\s*(,\\s*VALUE\\s*)*\\))\\s*")
            .replace("KEY", KEY)
            .replace("VALUE", VALUE);

    private static final Pattern NAMESPACE = Pattern.compile(NAME);
    private static final Pattern LABEL = Pattern.compile(KEY);
    private static final Pattern PREFIX = Pattern.compile(NAME + "(\\." + NAME + ")*");
    private static final Pattern SELECTOR =
        Pattern.compile(REQUIREMENT + "(," + REQUIREMENT + ")*");

    private Kubernetes() {}

    private static KubernetesSettings read(SettingValues values) {
      List<String> namespaces =
          values.read(Setting.KUBERNETES_NAMESPACES, List.of(), Kubernetes::namespaces);
      boolean everywhere = namespaces.equals(List.of("*"));
      return new KubernetesSettings(
          values.file(Setting.KUBECONFIG),
          everywhere ? List.of() : namespaces,
          everywhere,
          values.<@Nullable String>read(
              Setting.KUBERNETES_SELECTOR,
              null,
              text -> matching(SELECTOR, "a label selector such as app=vllm,tier in (a, b)", text)),
          values.bool(Setting.KUBERNETES_INFERENCE_POOLS),
          PodKeys.of(
              values.read(
                  Setting.KUBERNETES_LABEL_PREFIX,
                  "",
                  text -> matching(PREFIX, "a domain name", text)),
              label(values, Setting.KUBERNETES_MODEL_LABEL),
              label(values, Setting.KUBERNETES_ROLESET_LABEL),
              label(values, Setting.KUBERNETES_ROLE_LABEL)),
          values.bool(Setting.EXTERNAL_FILTER));
    }

    private static List<String> namespaces(String text) {
      if (text.strip().equals("*")) {
        return List.of("*");
      }
      List<String> names = new ArrayList<>();
      for (String name : text.split(",", -1)) {
        names.add(matching(NAMESPACE, "names of namespaces with commas between, or *", name));
      }
      return names;
    }

    private static String label(SettingValues values, Setting setting) {
      return values.read(setting, "", text -> matching(LABEL, "the name of a label", text));
    }

    private static String matching(Pattern pattern, String what, String text) {
      String stripped = text.strip();
      if (!pattern.matcher(stripped).matches()) {
        throw expected(what, text);
      }
      return stripped;
    }
  }
}
