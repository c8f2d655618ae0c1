/** Main, configuration, wiring and shutdown. The only package that knows every other. */
@NullMarked
package io.pointsman.plugin.app;

import org.jspecify.annotations.NullMarked;
