package io.pointsman.plugin.extproc;

import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.identity.AuditLog;
import io.pointsman.plugin.identity.Authenticator;
import io.pointsman.plugin.prefill.Prefiller;
import io.pointsman.plugin.prompt.RequestReader;
import io.pointsman.plugin.routing.Router;

/** What all streams share. */
record StreamContext(
    ExtProcSettings settings,
    Authenticator authenticator,
    AuditLog audit,
    LimitGate limits,
    Router router,
    RequestReader reader,
    Prefiller prefiller,
    EndpointRegistry registry,
    RequestMetrics metrics,
    Replies replies,
    FaultLog faults,
    OpenStreams streams) {}
