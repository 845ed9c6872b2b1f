package config

import "slices"

// streamPool decodes the pool that a listener passes connections on to, or nothing where its name is empty.
func (v value) streamPool(c *Config, dst *string) {
	if !v.text(dst, true) || *dst == "" {
		return
	}
	ref := v.poolName(c, dst)
	v.d.later = append(v.d.later, func() { v.wantTCP(c.Pool(ref.name)) })
}

// wantTCP reports a pool that connections cannot be passed on to.
func (v value) wantTCP(p *Pool) {
	if p != nil && p.Protocol != PoolTCP && p.Protocol != "" {
		v.errorf("pool %q has protocol %s; connections are passed on to pools of protocol tcp only", clip(p.Name), p.Protocol)
	}
}

// settle finds a listener that closes every connection.
func (l *Listener) settle(c *Config, at *listenerAt) {
	s := at.listener
	if !s.ok || l.Protocol == "" || l.SpeaksHTTP() || l.Pool != "" {
		return
	}
	if slices.ContainsFunc(c.Routes, func(r Route) bool { return r.takes(l) }) {
		return
	}
	if l.Protocol == ListenerTLS {
		s.at.errorf("leads nowhere: want tls to end TLS here, or a pool or a route with sni to pass it on")
	} else {
		s.at.errorf("leads nowhere: want a pool, or a route with match.listener %q", clip(l.Name))
	}
}

// takes reports whether connections of a listener can match the route, the listener ending no TLS.
func (r *Route) takes(l *Listener) bool {
	if l.Protocol == ListenerTLS {
		return r.Match.SNI != "" && (r.Match.Listener == "" || r.Match.Listener == l.Name)
	}
	return r.Match.SNI == "" && r.Match.Listener == l.Name
}

// routeAt is where a route and its parts are.
type routeAt struct {
	route, match section
	pools        []poolRef // where it leads to
}

// poolRef is a place that names a pool.
type poolRef struct {
	at   value
	name string
}

// settle decides whether the route is for connections or for requests, and finds what would then never match or have
// no meaning.
func (r *Route) settle(c *Config, at *routeAt) {
	l := c.Listener(r.Match.Listener)
	if l == nil && r.Match.Listener != "" || l != nil && l.Protocol == "" {
		return // it has its error
	}
	sni, hasSNI := at.match.children["sni"]
	switch {
	case hasSNI && l == nil:
		if !slices.ContainsFunc(c.Listeners, func(l Listener) bool { return l.Protocol == ListenerTLS || l.Protocol == "" }) {
			sni.errorf("is for listeners of protocol tls, and there is none")
		}
		r.settleStream(c, at, "a route with sni")
	case hasSNI && l.Protocol != ListenerTLS:
		sni.errorf("is for listeners of protocol tls, and %q has %s", clip(l.Name), l.Protocol)
	case hasSNI:
		r.settleStream(c, at, "a route with sni")
	case l != nil && l.Protocol == ListenerTCP:
		r.settleStream(c, at, "a route of a tcp listener")
	case l != nil && !l.SpeaksHTTP():
		at.match.or("listener").errorf("%q passes on what it gets, having no tls: want sni beside it", clip(l.Name))
	default:
		for _, ref := range at.pools {
			if p := c.Pool(ref.name); p != nil && p.Protocol == PoolTCP {
				ref.at.errorf("pool %q has protocol tcp; want match.sni, or match.listener with a tcp listener", clip(p.Name))
			}
		}
	}
}

func (r *Route) settleStream(c *Config, at *routeAt, what string) {
	r.Stream = true
	for key, v := range at.match.children {
		if key != "listener" && key != "client_ip" && key != "sni" {
			v.errorf("%s has listener, sni and client_ip to match, since there is no request", what)
		}
	}
	for key, v := range at.route.children {
		switch key {
		case "match":
		case "pool":
			v.wantTCP(c.Pool(r.Pool))
		default:
			v.errorf("%s leads to a pool and has nothing else, since there is no request", what)
		}
	}
}
