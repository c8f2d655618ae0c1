/** A model server without a model: towards a router it behaves as vLLM does. */
@NullMarked
package io.pointsman.e2e.modelserver;

import org.jspecify.annotations.NullMarked;
