/** Reads what inference engines tell of themselves on their metrics pages. */
@NullMarked
package io.pointsman.plugin.endpoint.engine;

import org.jspecify.annotations.NullMarked;
