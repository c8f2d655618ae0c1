/** The first half of requests that two pods share: computes prompts on prefill pods. */
@NullMarked
package io.pointsman.plugin.prefill;

import org.jspecify.annotations.NullMarked;
