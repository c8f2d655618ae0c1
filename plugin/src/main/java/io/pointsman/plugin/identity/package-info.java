/** Who sends a request: API keys, users, their limits, and the log of what was done and refused. */
@NullMarked
package io.pointsman.plugin.identity;

import org.jspecify.annotations.NullMarked;
