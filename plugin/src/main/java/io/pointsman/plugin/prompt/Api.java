package io.pointsman.plugin.prompt;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The request paths that carry a model name, compared without their query string. */
public enum Api {
  CHAT_COMPLETIONS("/v1/chat/completions"),
  COMPLETIONS("/v1/completions"),
  RESPONSES("/v1/responses"),
  MESSAGES("/v1/messages"),
  EMBEDDINGS("/v1/embeddings"),
  RERANK("/v1/rerank"),
  SCORE("/v1/score"),
  CLASSIFY("/v1/classify"),
  IMAGES_GENERATIONS("/v1/images/generations"),
  AUDIO_TRANSCRIPTIONS("/v1/audio/transcriptions"),
  AUDIO_TRANSLATIONS("/v1/audio/translations");

  private static final Map<String, Api> BY_PATH = new HashMap<>();

  static {
    for (Api api : values()) {
      BY_PATH.put(api.path, api);
    }
  }

  private final String path;

  Api(String path) {
    this.path = path;
  }

  /** The path without a query string. */
  public String path() {
    return path;
  }

  /** True where the body is multipart/form-data rather than JSON. */
  public boolean isMultipart() {
    return this == AUDIO_TRANSCRIPTIONS || this == AUDIO_TRANSLATIONS;
  }

  /** The API behind a {@code :path} header value, query string and all, or null. */
  public static @Nullable Api ofPath(String path) {
    int query = path.indexOf('?');
    return BY_PATH.get(query < 0 ? path : path.substring(0, query));
  }
}
