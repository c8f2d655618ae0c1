/**
 * What both programs need around their real work: settings files read with line numbers, files
 * watched.
 */
@NullMarked
package io.pointsman.common;

import org.jspecify.annotations.NullMarked;
