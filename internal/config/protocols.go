package config

import (
	"fmt"
	"slices"
)

// listenerAt is where a listener and its parts are.
type listenerAt struct{ listener, timeouts, limits section }

// poolAt is where a pool and its parts are.
type poolAt struct {
	pool, timeouts, retries, ejection section
	backends                          []section
}

// decodeProtocol leaves the protocol empty after an error, so that nothing else is held against it.
func (l *Listener) decodeProtocol(v value) {
	if !choice(v, &l.Protocol, ListenerHTTP, ListenerHTTPS, ListenerTCP, ListenerTLS) {
		l.Protocol = ""
	}
}

// checkProtocol finds what is missing for the listener's protocol, and what means nothing to it.
func (l *Listener) checkProtocol(at *listenerAt) {
	s := at.listener
	switch l.Protocol {
	case "":
		return
	case ListenerHTTP, ListenerTCP:
		if l.TLS != nil {
			s.exclude(fmt.Sprintf("is for protocols https and tls, and this listener has %s", l.Protocol), "tls")
		}
	case ListenerHTTPS:
		if tls, given := s.children["tls"]; s.ok && (!given || tls.isOff()) {
			s.or("tls").errorf("protocol https needs tls, which says where its certificates are")
		}
	}
	if l.Protocol == ListenerHTTP || l.Protocol == ListenerHTTPS {
		if l.Pool != "" {
			s.exclude("is for protocols tcp and tls; where requests go is for routes to say", "pool")
		}
		return
	}
	if l.SpeaksHTTP() {
		return
	}
	l.HTTP2 = nil
	reason := fmt.Sprintf("is for HTTP, and this listener has protocol %s", l.Protocol)
	if l.Protocol == ListenerTLS {
		reason = "is for HTTP, and a listener without tls passes on what it gets"
	}
	s.exclude(reason, "http2", "forwarded")
	at.timeouts.exclude(reason, "body")
	at.limits.exclude(reason, "head", "fields", "target", "body")
}

// checkProxyProtocol wants to know who may say where a connection comes from.
func (l *Listener) checkProxyProtocol(at *listenerAt) {
	_, unix := l.Address.UnixPath()
	trusted, given := at.listener.children["trusted_proxies"]
	none := !given || trusted.isList() && len(trusted.node.Content) == 0
	if l.ProxyProtocol && none && l.Address != "" && !unix {
		at.listener.or("proxy_protocol").errorf("needs trusted_proxies, which says whose PROXY headers are believed")
	}
}

// decodeProtocol leaves the protocol empty after an error, so that nothing else is held against it.
func (p *Pool) decodeProtocol(v value) {
	if !choice(v, &p.Protocol, PoolHTTP1, PoolH2, PoolTCP) {
		p.Protocol = ""
	}
}

func (p *Pool) decodeProxyProtocol(v value) {
	type word string
	versions := map[word]ProxyVersion{"off": ProxyOff, "v1": ProxyV1, "v2": ProxyV2}
	var version word
	if choice(v, &version, "off", "v1", "v2") {
		p.ProxyProtocol = versions[version]
	}
}

// checkProtocol finds what means nothing to the pool's protocol.
func (p *Pool) checkProtocol(at *poolAt) {
	switch p.Protocol {
	case PoolH2:
		if p.ProxyProtocol != ProxyOff {
			at.pool.exclude("is for protocols http1 and tcp; a connection of h2 serves many clients", "proxy_protocol")
		}
	case PoolTCP:
		p.checkTCP(at)
	}
}

// checkTCP is checkProtocol for pools that requests do not go to.
func (p *Pool) checkTCP(at *poolAt) {
	const reason = "is for HTTP, and this pool has protocol tcp"
	at.pool.excludeUnlessOff(reason, "host", "request_buffer", "sticky", "learned_limit", "hedge", "load_header")
	at.timeouts.exclude(reason, "response", "request", "idle")
	at.ejection.excludeUnlessOff(reason, "success_rate", "gateway_errors", "latency")
	for i, backend := range at.backends {
		if p.Backends[i].Spillway {
			backend.exclude(reason, "spillway")
		}
	}
	if slices.ContainsFunc(p.HashOn, func(k HashKey) bool { return k.Source != HashClientIP }) {
		at.pool.exclude("a pool of protocol tcp can hash client_ip only", "hash_on")
	}
	onlyConnect := RetryOn{Connect: p.Retries.On.Connect}
	if p.Retries.On != onlyConnect {
		at.retries.exclude("a pool of protocol tcp can retry connect only", "on")
	}
	p.Host, p.RequestBuffer, p.Retries.On = "", 0, onlyConnect
	p.Timeouts.Response, p.Timeouts.Request = 0, 0
	p.LearnedLimit, p.Hedge, p.LoadHeader = false, nil, ""
	if p.Ejection != nil {
		p.Ejection.SuccessRate, p.Ejection.GatewayErrors, p.Ejection.Latency = nil, 0, nil
	}
}
