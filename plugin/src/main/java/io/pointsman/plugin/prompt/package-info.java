/**
 * What a request asks for: model, prompt bytes and token limits, read from the body in one pass.
 */
@NullMarked
package io.pointsman.plugin.prompt;

import org.jspecify.annotations.NullMarked;
