package io.pointsman.plugin.extproc;

import com.google.protobuf.BoolValue;
import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;

/** Header mutations that replace whatever is there. */
final class HeaderOptions {
  private HeaderOptions() {}

  static HeaderValueOption overwrite(String name, String value) {
    return overwrite(name, HeaderText.of(value));
  }

  /** Says "replace" both ways: Envoy up to 1.33 looks at the deprecated {@code append} only. */
  @SuppressWarnings("deprecation")
  static HeaderValueOption overwrite(String name, ByteString value) {
    return HeaderValueOption.newBuilder()
        .setHeader(HeaderValue.newBuilder().setKey(name).setRawValue(value))
        .setAppend(BoolValue.getDefaultInstance())
        .setAppendAction(HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD)
        .build();
  }
}
