package io.pointsman.plugin.extproc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class BodyBytesTest {
  private static final byte[] TEXT = "{\"model\":\"llama\"}".getBytes(UTF_8);

  @Test
  void bodyFromTheWireIsNotCopied() throws InvalidProtocolBufferException {
    byte[] wire = HttpBody.newBuilder().setBody(ByteString.copyFrom(TEXT)).build().toByteArray();
    ByteString body = HttpBody.parseFrom(wire).getBody();

    assertThat(BodyBytes.of(body).array()).isSameAs(BodyBytes.of(body).array());
    assertThat(bytes(body)).isEqualTo(TEXT);
  }

  @Test
  void bodiesOfAnyMakeHaveTheirBytes() {
    ByteString whole = ByteString.copyFrom(TEXT);
    ByteString longer = ByteString.copyFrom(new byte[500]);

    assertThat(bytes(ByteString.EMPTY)).isEmpty();
    assertThat(bytes(whole.substring(2, 7))).isEqualTo(Arrays.copyOfRange(TEXT, 2, 7));
    assertThat(bytes(longer.concat(whole).substring(500))).isEqualTo(TEXT);
    assertThat(bytes(longer.concat(whole).concat(longer)))
        .isEqualTo(longer.concat(whole).concat(longer).toByteArray());
    assertThat(bytes(UnsafeByteOperations.unsafeWrap(ByteBuffer.wrap(TEXT).asReadOnlyBuffer())))
        .isEqualTo(TEXT);
  }

  private static byte[] bytes(ByteString body) {
    BodyBytes bytes = BodyBytes.of(body);
    return Arrays.copyOfRange(bytes.array(), bytes.offset(), bytes.offset() + bytes.length());
  }
}
