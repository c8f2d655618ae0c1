/** Starts, watches and stops the real processes that the demo and the tests are made of. */
@NullMarked
package io.pointsman.e2e.harness;

import org.jspecify.annotations.NullMarked;
