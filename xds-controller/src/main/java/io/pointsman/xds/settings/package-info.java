/**
 * The settings model: what an operator may decide about Envoy, with the names of the chart's values
 * where they exist, and the strict reader of the settings file. Knows nothing of Envoy's own
 * configuration.
 */
@NullMarked
package io.pointsman.xds.settings;

import org.jspecify.annotations.NullMarked;
