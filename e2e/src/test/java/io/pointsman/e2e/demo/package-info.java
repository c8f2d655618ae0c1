@NullMarked
package io.pointsman.e2e.demo;

import org.jspecify.annotations.NullMarked;
