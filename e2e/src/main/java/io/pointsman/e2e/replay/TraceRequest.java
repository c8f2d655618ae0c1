package io.pointsman.e2e.replay;

import java.util.List;

/**
 * One request of a trace.
 *
 * @param arrivalMillis when it is sent, from the trace's start, in trace time
 * @param conversation which conversation it belongs to, from 0
 * @param turn which turn of it this is, from 0
 * @param template which system prompt the conversation begins with; 0 is the most popular one
 * @param messages all of the conversation up to this turn's question
 * @param maxTokens how long the answer is
 */
record TraceRequest(
    long arrivalMillis,
    int conversation,
    int turn,
    int template,
    List<Message> messages,
    int maxTokens) {
  TraceRequest {
    messages = List.copyOf(messages);
  }

  /** The texts of all messages, one after the other. */
  String prompt() {
    var text = new StringBuilder();
    for (Message message : messages) {
      text.append(message.text());
    }
    return text.toString();
  }

  /** The body of a streamed chat completion that reports its usage. */
  String body(String model) {
    var json = new StringBuilder(256);
    json.append("{\"model\":\"").append(model);
    json.append("\",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"max_tokens\":");
    json.append(maxTokens).append(",\"messages\":[");
    for (int i = 0; i < messages.size(); i++) {
      Message message = messages.get(i);
      json.append(i == 0 ? "" : ",").append("{\"role\":\"").append(message.role());
      json.append("\",\"content\":\"").append(message.text()).append("\"}");
    }
    return json.append("]}").toString();
  }
}
