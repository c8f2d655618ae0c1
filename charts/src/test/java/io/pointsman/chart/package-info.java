/** Renders the chart by real Helm code and looks at what comes out. */
@NullMarked
package io.pointsman.chart;

import org.jspecify.annotations.NullMarked;
