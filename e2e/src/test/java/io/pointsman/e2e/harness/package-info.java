@NullMarked
package io.pointsman.e2e.harness;

import org.jspecify.annotations.NullMarked;
