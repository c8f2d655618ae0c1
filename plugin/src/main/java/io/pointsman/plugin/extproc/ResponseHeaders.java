package io.pointsman.plugin.extproc;

import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is wanted of a response's headers.
 *
 * @param status the {@code :status} header, or 0 if it is none
 * @param upstreamTime true if {@code x-envoy-upstream-service-time} is there
 * @param contentType value of {@code content-type}
 * @param contentEncoding value of {@code content-encoding}
 */
record ResponseHeaders(
    int status,
    boolean upstreamTime,
    @Nullable String contentType,
    @Nullable String contentEncoding) {
  static ResponseHeaders read(HeaderMap map) {
    int status = 0;
    boolean upstreamTime = false;
    String contentType = null;
    String contentEncoding = null;
    List<HeaderValue> headers = map.getHeadersList();
    for (int i = 0; i < headers.size(); i++) {
      HeaderValue header = headers.get(i);
      switch (header.getKey()) {
        case HeaderRules.STATUS -> status = number(RequestHeaders.value(header));
        case HeaderRules.UPSTREAM_TIME -> upstreamTime = true;
        case HeaderRules.CONTENT_TYPE -> contentType = RequestHeaders.value(header);
        case HeaderRules.CONTENT_ENCODING -> contentEncoding = RequestHeaders.value(header);
        default -> {}
      }
    }
    return new ResponseHeaders(status, upstreamTime, contentType, contentEncoding);
  }

  /** A three-digit status, or 0. */
  private static int number(String status) {
    if (status.length() != 3) {
      return 0;
    }
    int number = 0;
    for (int i = 0; i < 3; i++) {
      char c = status.charAt(i);
      if (c < '0' || c > '9') {
        return 0;
      }
      number = number * 10 + (c - '0');
    }
    return number;
  }
}
