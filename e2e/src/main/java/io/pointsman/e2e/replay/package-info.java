/** The replay of a synthetic trace, and the numbers that come of it. */
@NullMarked
package io.pointsman.e2e.replay;

import org.jspecify.annotations.NullMarked;
