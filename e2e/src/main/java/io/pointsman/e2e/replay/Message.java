package io.pointsman.e2e.replay;

/**
 * One message of a chat.
 *
 * @param role {@code system}, {@code user} or {@code assistant}
 * @param text lower-case words, so that it stands in JSON as it is
 */
record Message(String role, String text) {}
