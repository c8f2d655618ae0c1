/** The program: command line, wiring, shutdown. */
@NullMarked
package io.pointsman.xds.app;

import org.jspecify.annotations.NullMarked;
