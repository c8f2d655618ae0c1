/** Requests through a real Envoy to the pod that was picked, and what happens when parts fail. */
@NullMarked
package io.pointsman.e2e;

import org.jspecify.annotations.NullMarked;
