/**
 * Request and token budgets: leased from Redis by one atomic script, spent locally. See {@link
 * io.pointsman.plugin.limit.LeaseScript} for the rules that all replicas keep.
 */
@NullMarked
package io.pointsman.plugin.limit;

import org.jspecify.annotations.NullMarked;
