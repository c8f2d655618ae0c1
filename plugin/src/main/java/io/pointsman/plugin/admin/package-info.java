/** The HTTP side: metrics, health, the model list and decision look-ups. */
@NullMarked
package io.pointsman.plugin.admin;

import org.jspecify.annotations.NullMarked;
