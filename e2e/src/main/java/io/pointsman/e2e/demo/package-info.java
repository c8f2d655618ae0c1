/** The demo: everything in one terminal, with traffic and a live table. */
@NullMarked
package io.pointsman.e2e.demo;

import org.jspecify.annotations.NullMarked;
