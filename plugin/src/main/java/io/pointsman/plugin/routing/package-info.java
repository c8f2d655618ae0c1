/** Routing strategies and profile resolution: pure decisions, no I/O. */
@NullMarked
package io.pointsman.plugin.routing;

import org.jspecify.annotations.NullMarked;
