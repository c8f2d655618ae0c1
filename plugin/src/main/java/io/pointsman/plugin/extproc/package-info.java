/** One HTTP request is one gRPC stream: the protocol state machine, header rules, error replies. */
@NullMarked
package io.pointsman.plugin.extproc;

import org.jspecify.annotations.NullMarked;
