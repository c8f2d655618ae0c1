/** Which pods exist, whether they are ready, and how loaded they are. */
@NullMarked
package io.pointsman.plugin.endpoint;

import org.jspecify.annotations.NullMarked;
