@NullMarked
package io.pointsman.e2e.modelserver;

import org.jspecify.annotations.NullMarked;
