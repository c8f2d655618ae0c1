/** One place that connects to Redis, reconnects, and says whether Redis is there. */
@NullMarked
package io.pointsman.plugin.redis;

import org.jspecify.annotations.NullMarked;
