/** Which endpoint holds which prompt blocks, and how replicas tell each other. */
@NullMarked
package io.pointsman.plugin.blockmap;

import org.jspecify.annotations.NullMarked;
