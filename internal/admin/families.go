package admin

import (
	"runtime"

	"spillway/balancer"
	"spillway/health"
	"spillway/internal/http2"
	"spillway/internal/metrics"
	"spillway/proxy"
)

// proxyFamilies are a proxy's metrics. Their labels are names of the
// configuration and words of this program, never anything that a client sent, so
// that their number is bounded by the configuration.
func proxyFamilies(m *proxy.Metrics, version string) []family {
	var c collection
	c.gauge("spillway_build_info", "What runs; always 1.", 1, l{"version", version}, l{"goversion", runtime.Version()})
	c.gauge("spillway_ready", "Whether this instance takes traffic and is not about to end.", flag(m.Ready))
	c.gauge("spillway_config_generation", "How many configurations have come into force since the start.", float64(m.Generation))
	c.gauge("spillway_config_last_reload_successful", "Whether the last reload came into force.", flag(m.LastReloadOK))
	c.gauge("spillway_config_last_reload_success_timestamp_seconds", "When the configuration in force came into force.", float64(m.LoadedAt.UnixMilli())/1e3)
	c.counter("spillway_access_log_dropped_lines_total", "Lines that the access log's output was too slow for.", m.AccessLogDropped)
	c.gauge("spillway_loops", "Event loops.", float64(m.Loops))
	c.gauge("spillway_loop_connections", "Open client connections, those of closed listeners included.", float64(m.Connections))
	c.counter("spillway_loop_panics_total", "Panics that ended one connection each.", m.Panics)
	c.counter("spillway_loop_stalls_total", "Times that an event loop stood still.", m.Stalls)
	c.gauge("spillway_network_doubt", "Whether this machine's own network is suspected, so that no failed check takes a backend out.", flag(m.Doubting))
	c.gauge("spillway_evacuations", "Regions, pools and backends that are being taken out of service or put back, by degrees.", float64(m.Evacuations))
	c.gauge("spillway_tunnels", "Open upgraded connections.", float64(m.Tunnels))
	c.http2(&m.HTTP2)
	for i := range m.Listeners {
		c.listener(&m.Listeners[i])
	}
	for i := range m.Routes {
		c.route(&m.Routes[i])
	}
	for i := range m.Pools {
		c.pool(&m.Pools[i])
	}
	return c.families
}

func (c *collection) route(m *proxy.RouteMetrics) {
	of := l{"route", m.Name}
	c.classes("spillway_route_requests_total", "Finished requests by the class of their status.", &m.Requests, of)
	c.histogram("spillway_route_request_duration_seconds", "Time from a request's arrival to the end of its answer.", &m.Latency, of)
	for _, each := range []struct {
		reason string
		n      uint64
	}{{"rate", m.RateLimited}, {"concurrency", m.ConcurrencyLimited}, {"shed", m.Shed}} {
		c.counter("spillway_route_refused_total", "Requests refused: above the route's rate or concurrency limit, or shed for their priority under overload.", each.n, of, l{"reason", each.reason})
	}
	c.counter("spillway_route_held_total", "Requests that waited a moment for the nearest region.", m.Held, of)
}

func (c *collection) http2(s *http2.Stats) {
	client, backend := l{"side", "client"}, l{"side", "backend"}
	c.counter("spillway_http2_connections_total", "HTTP/2 connections begun.", s.ServerConns, client)
	c.counter("spillway_http2_connections_total", "HTTP/2 connections begun.", s.ClientConns, backend)
	c.counter("spillway_http2_streams_total", "HTTP/2 requests.", s.ServerStreams, client)
	c.counter("spillway_http2_streams_total", "HTTP/2 requests.", s.ClientStreams, backend)
	c.counter("spillway_http2_resets_total", "Streams reset.", s.ResetsReceived, l{"direction", "received"})
	c.counter("spillway_http2_resets_total", "Streams reset.", s.ResetsSent, l{"direction", "sent"})
	c.counter("spillway_http2_goaways_total", "Announcements of a connection's end.", s.GoAwaysReceived, l{"direction", "received"})
	c.counter("spillway_http2_goaways_total", "Announcements of a connection's end.", s.GoAwaysSent, l{"direction", "sent"})
	for _, each := range []struct {
		why   string
		count uint64
	}{{"limit", s.Refused}, {"cancelled", s.Cancelled}, {"malformed", s.Malformed}, {"head_too_large", s.HeadTooLarge}} {
		c.counter("spillway_http2_streams_refused_total", "Streams of clients that no request came of.", each.count, l{"reason", each.why})
	}
	c.counter("spillway_http2_timeouts_total", "Connections that ended because the peer was silent or took nothing.", s.Timeouts)
	for kind, count := range s.Abuse {
		c.counter("spillway_http2_abuse_total", "Connections that ended because the peer had others work without working itself.", count, l{"kind", http2.Abuse(kind).String()})
	}
}

func (c *collection) listener(m *proxy.ListenerMetrics) {
	of := l{"listener", m.Name}
	c.gauge("spillway_listener_connections", "Open connections.", float64(m.Connections), of)
	c.counter("spillway_listener_connections_accepted_total", "Connections accepted.", m.Accepted, of)
	c.counter("spillway_listener_connections_refused_total", "Connections closed at once, since there were as many as may be.", m.Refused, of)
	c.counter("spillway_listener_openings_failed_total", "Connections closed before a request could be read: no TLS, no PROXY header, no route.", m.FailedOpenings, of)
	for i := range m.Certificates {
		each := &m.Certificates[i]
		c.gauge("spillway_certificate_expiry_timestamp_seconds", "When a certificate ceases to be valid.", float64(each.NotAfter.Unix()), of, l{"name", each.Name})
	}
	if len(m.Certificates) > 0 {
		c.counter("spillway_listener_tls_handshakes_total", "TLS handshakes by their result.", m.Handshakes-m.HandshakesResumed, of, l{"result", "full"})
		c.counter("spillway_listener_tls_handshakes_total", "TLS handshakes by their result.", m.HandshakesResumed, of, l{"result", "resumed"})
		c.counter("spillway_listener_tls_handshakes_total", "TLS handshakes by their result.", m.HandshakesFailed, of, l{"result", "failed"})
	}
	c.counter("spillway_listener_received_bytes_total", "Bytes of request bodies.", m.BytesIn, of)
	c.counter("spillway_listener_sent_bytes_total", "Bytes of response bodies.", m.BytesOut, of)
	c.classes("spillway_listener_requests_total", "Finished requests by the class of their status.", &m.Requests, of)
	c.histogram("spillway_listener_request_duration_seconds", "Time from a request's arrival to the end of its answer.", &m.Latency, of)
}

func (c *collection) pool(m *proxy.PoolMetrics) {
	of := l{"pool", m.Name}
	c.gauge("spillway_pool_panic", "Whether no backend is available, so that all are tried.", flag(m.Panic), of)
	c.counter("spillway_pool_panic_picks_total", "Backends chosen while none was available.", m.PanicPicks, of)
	c.counter("spillway_pool_retries_total", "Attempts after the first.", m.Retries, of)
	c.counter("spillway_pool_cross_region_retries_total", "Of the attempts after the first, those that went to another region.", m.CrossRetries, of)
	c.counter("spillway_pool_hedges_total", "Requests that were sent to a second backend, since the first was late.", m.Hedges, of)
	for reason := balancer.Home; reason <= balancer.Panic; reason++ {
		c.counter("spillway_pool_picks_total", "Backends chosen, by why they were: home, or the reason for going elsewhere.", m.Picks[reason], of, l{"reason", reason.String()})
	}
	c.counter("spillway_pool_held_total", "Requests that waited a moment for the nearest region.", m.Held, of)
	c.gauge("spillway_pool_holding", "Requests that wait a moment for the nearest region.", float64(m.Holding), of)
	c.counter("spillway_pool_shed_total", "Requests refused for their priority, since everyone was full.", m.Shed, of)
	c.gauge("spillway_pool_shed_below_priority", "Requests of a priority below are shed now; 0 for none.", m.ShedBelow, of)
	c.counter("spillway_pool_full_total", "Requests refused since every backend was full, and there is no queue.", m.AllFull, of)
	c.counter("spillway_pool_unavailable_total", "Requests refused since there was no backend to try.", m.Nobody, of)
	c.counter("spillway_pool_retry_budget_exhausted_total", "Retries that the budget did not allow.", m.BudgetExhausted, of)
	c.gauge("spillway_pool_queue_waiting", "Requests that wait for a backend.", float64(m.Waiting), of)
	c.counter("spillway_pool_queue_entered_total", "Requests that had to wait for a backend.", m.Queued, of)
	c.counter("spillway_pool_queue_timeouts_total", "Requests that waited for a backend in vain.", m.QueueTimeouts, of)
	c.counter("spillway_pool_queue_full_total", "Requests refused since too many waited already.", m.QueueFull, of)
	c.counter("spillway_pool_tunnels_total", "Connections upgraded.", m.Tunnels, of)
	c.counter("spillway_pool_name_failures_total", "Failed or empty answers for the backends' host names.", m.NameFailures, of)
	for state := health.Healthy; state <= health.Warming; state++ {
		c.counter("spillway_pool_transitions_total", "Changes of backends' states, by the state entered.", m.Transitions[state], of, l{"state", state.String()})
	}
	for i := range m.Regions {
		c.region(&m.Regions[i], of)
	}
}

func (c *collection) region(m *proxy.RegionMetrics, pool l) {
	of := []l{pool, {"region", m.Name}}
	c.gauge("spillway_region_up", "Whether a backend of the pool is available in the region.", flag(m.Available > 0), of...)
	if m.Capacity > 0 {
		c.gauge("spillway_region_capacity_requests", "Requests in flight that the available backends may have; absent where that is not known.", float64(m.Capacity), of...)
		c.gauge("spillway_region_room_requests", "Requests that the region takes before the next one is used; absent where that is not known.", float64(m.Room), of...)
	}
	c.gauge("spillway_region_inflight_requests", "Requests in flight.", float64(m.Inflight), of...)
	c.gauge("spillway_region_share_ratio", "The part of the pool's traffic that the region gets.", m.Share, of...)
	c.gauge("spillway_region_kept_ratio", "Of the traffic that would reach the region, the part that it keeps: less than 1 in an evacuation or a return.", m.Keeps, of...)
	c.gauge("spillway_region_distance_seconds", "How far the region is: its round-trip time; 0 for this one, or where it is not known.", float64(m.RTT)/1e9, of...)
	count := map[health.State]int{}
	for i := range m.Backends {
		count[m.Backends[i].State]++
	}
	for state := health.Healthy; state <= health.Warming; state++ {
		c.gauge("spillway_region_backends", "Backends of the pool in the region, by state.", float64(count[state]), pool, of[1], l{"state", state.String()})
	}
	for i := range m.Backends {
		c.backend(&m.Backends[i], pool, of[1])
	}
}

func (c *collection) backend(m *proxy.BackendMetrics, pool, region l) {
	of := []l{pool, region, {"backend", m.Address}}
	c.gauge("spillway_backend_up", "Whether the backend may be chosen.", flag(m.State == health.Healthy), of...)
	c.gauge("spillway_backend_inflight_requests", "Requests in flight.", float64(m.Inflight), of...)
	if m.Limit > 0 {
		c.gauge("spillway_backend_limit_requests", "Requests in flight that the backend may have, configured or learned; absent where there is no limit.", float64(m.Limit), of...)
	}
	c.gauge("spillway_backend_probation", "Whether the backend is back and has not given a good answer yet.", flag(m.Probation), of...)
	c.family("spillway_backend_avoided_requests_total", "Estimated requests that the backend would have got by its weight among its region's, had it not been out or penalised for failures.", counter, of).
		add(m.Avoided, values(of)...)
	c.classes("spillway_backend_requests_total", "Answered requests by the class of their status.", &m.Requests, of...)
	c.counter("spillway_backend_errors_total", "Requests without a complete answer.", m.Errors, of...)
	c.counter("spillway_backend_retries_total", "Requests that were then sent to another backend.", m.Retries, of...)
	c.counter("spillway_backend_connects_total", "Connections tried.", m.Connects, of...)
	c.counter("spillway_backend_connect_errors_total", "Connections that failed to open.", m.ConnectErrors, of...)
	c.counter("spillway_backend_sent_bytes_total", "Bytes of request bodies.", m.BytesSent, of...)
	c.counter("spillway_backend_checks_total", "Health checks by their result.", m.ChecksPassed, pool, region, of[2], l{"result", "passed"})
	c.counter("spillway_backend_checks_total", "Health checks by their result.", m.ChecksFailed, pool, region, of[2], l{"result", "failed"})
	c.histogram("spillway_backend_request_duration_seconds", "Time from a request's sending to the end of its answer.", &m.Latency, of...)
}

// A collection grows by series; those of one name become one family.
type collection struct {
	families []family
	index    map[string]int
}

// An l is a label.
type l struct{ name, value string }

func (c *collection) gauge(name, help string, value float64, labels ...l) {
	c.family(name, help, gauge, labels).add(value, values(labels)...)
}

func (c *collection) counter(name, help string, value uint64, labels ...l) {
	c.family(name, help, counter, labels).add(float64(value), values(labels)...)
}

func (c *collection) histogram(name, help string, h *metrics.Histogram, labels ...l) {
	c.family(name, help, histogram, labels).observe(h, values(labels)...)
}

var classNames = [len(proxy.Classes{})]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}

func (c *collection) classes(name, help string, n *proxy.Classes, labels ...l) {
	f := c.family(name, help, counter, append(labels[:len(labels):len(labels)], l{name: "class"}))
	for class, count := range n {
		f.add(float64(count), append(values(labels), classNames[class])...)
	}
}

func (c *collection) family(name, help string, kind kind, labels []l) *family {
	i, ok := c.index[name]
	if !ok {
		if c.index == nil {
			c.index = map[string]int{}
		}
		i = len(c.families)
		c.index[name] = i
		f := family{name: name, help: help, kind: kind}
		for _, each := range labels {
			f.labels = append(f.labels, each.name)
		}
		c.families = append(c.families, f)
	}
	return &c.families[i]
}

func values(labels []l) []string {
	list := make([]string, len(labels))
	for i := range labels {
		list[i] = labels[i].value
	}
	return list
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
