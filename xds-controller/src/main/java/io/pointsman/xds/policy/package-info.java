/** Settings to the policies of Envoy Gateway: one pure function, no I/O. */
@NullMarked
package io.pointsman.xds.policy;

import org.jspecify.annotations.NullMarked;
