package io.pointsman.plugin.endpoint.kubernetes;

/** Tells a pod's owners, where they look first, that something about it is wrong. */
interface PodEvents extends AutoCloseable {
  /**
   * Leaves a warning on a pod. Returns at once; what cannot be delivered is dropped.
   *
   * @param reason one word in camel case, as Kubernetes has it
   */
  void warn(PodRecord pod, String reason, String message);

  @Override
  void close();
}
