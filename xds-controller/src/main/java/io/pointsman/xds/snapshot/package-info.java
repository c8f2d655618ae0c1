/** Settings to Envoy's configuration: one pure function, no I/O. */
@NullMarked
package io.pointsman.xds.snapshot;

import org.jspecify.annotations.NullMarked;
