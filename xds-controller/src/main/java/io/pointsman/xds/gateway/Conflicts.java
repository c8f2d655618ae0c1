package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.StatusCause;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.ArrayList;
import java.util.List;

/** Why the API server did not take what was applied: others have set the same fields. */
final class Conflicts {
  private static final int CONFLICT = 409;
  private static final String REASON = "FieldManagerConflict";

  private Conflicts() {}

  /** Whether an answer is about fields of others, and not about the object's version. */
  static boolean isAboutFields(KubernetesClientException e) {
    return e.getCode() == CONFLICT && !fields(e).isEmpty();
  }

  /** The fields, as {@code .spec.connection.bufferLimit: conflict with "kubectl-edit"}. */
  static List<String> fields(KubernetesClientException e) {
    var fields = new ArrayList<String>();
    Status status = e.getStatus();
    if (status != null && status.getDetails() != null) {
      for (StatusCause cause : status.getDetails().getCauses()) {
        if (REASON.equals(cause.getReason())) {
          fields.add(cause.getField() + ": " + cause.getMessage());
        }
      }
    }
    return fields;
  }
}
