package io.pointsman.plugin.extproc;

import io.pointsman.common.HttpReply;
import io.pointsman.plugin.identity.Authentication.Refusal;

/** What a client gets without a good key, for pages that the plugin serves itself. */
public final class RefusalReply {
  private RefusalReply() {}

  /** Status and body are those of a refused request. */
  public static HttpReply of(Refusal why) {
    Rejection rejection = Rejection.of(why);
    return HttpReply.json(rejection.status(), ErrorJson.of(rejection).toStringUtf8());
  }

  /** How the audit log names the reason, which is as it does for refused requests. */
  public static String auditedReason(Refusal why) {
    return Rejection.of(why).details();
  }
}
