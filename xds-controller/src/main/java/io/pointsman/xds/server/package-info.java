/**
 * Serves the configuration to Envoys over ADS, on java-control-plane's protocol engine, and keeps
 * it in step with the settings file.
 */
@NullMarked
package io.pointsman.xds.server;

import org.jspecify.annotations.NullMarked;
