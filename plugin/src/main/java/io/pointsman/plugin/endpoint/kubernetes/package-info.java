/** Finds model pods by asking the Kubernetes API server, and follows their changes. */
@NullMarked
package io.pointsman.plugin.endpoint.kubernetes;

import org.jspecify.annotations.NullMarked;
