/**
 * Keeps Envoy Gateway's policies as the settings say, and tells what has become of them. Whatever
 * happens, one thread looks at what should be and what is, and takes the next step.
 */
@NullMarked
package io.pointsman.xds.gateway;

import org.jspecify.annotations.NullMarked;
