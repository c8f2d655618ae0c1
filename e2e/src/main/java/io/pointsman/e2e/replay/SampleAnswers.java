package io.pointsman.e2e.replay;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import java.util.ArrayList;
import java.util.List;

/** Bodies of answers to chat completions, as the pieces that Envoy sends on. */
final class SampleAnswers {
  private static final String USAGE =
      "\"usage\":{\"prompt_tokens\":500,\"completion_tokens\":200,\"total_tokens\":700}";

  private SampleAnswers() {}

  /** JSON in one piece. */
  static List<ProcessingRequest> whole() {
    String json =
        "{\"id\":\"1\",\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"message\":"
            + "{\"role\":\"assistant\",\"content\":\"%s\"},\"finish_reason\":\"stop\"}],%s}";
    return List.of(
        ExtProcMessages.responseBody(
            ByteString.copyFromUtf8(json.formatted("word ".repeat(200), USAGE)), true));
  }

  /** Events, each in a piece of its own. */
  static List<ProcessingRequest> streamed(int events) {
    var pieces = new ArrayList<ProcessingRequest>();
    for (int i = 0; i < events - 1; i++) {
      pieces.add(
          event(
              "{\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,"
                  + "\"delta\":{\"content\":\"word word word word \"},\"finish_reason\":null}]}\n\n",
              false));
    }
    pieces.add(
        event(
            "{\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"choices\":[],%s}\n\ndata: [DONE]\n\n"
                .formatted(USAGE),
            true));
    return pieces;
  }

  private static ProcessingRequest event(String data, boolean last) {
    return ExtProcMessages.responseBody(ByteString.copyFromUtf8("data: " + data), last);
  }
}
