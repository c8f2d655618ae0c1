@NullMarked
package io.pointsman.e2e.replay;

import org.jspecify.annotations.NullMarked;
