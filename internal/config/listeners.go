package config

import (
	"math"
	"net/netip"
	"time"
)

// Bounds of a request head: the least that ordinary clients need, and the most that one may hold in memory.
const (
	minHead = 1 << 10
	maxHead = 1 << 20
)

func (c *Config) decodeListeners(v value) {
	taken := map[string]string{}
	v.list(func(v value) {
		l := defaultListener()
		at := l.decode(c, v)
		v.unique(taken, l.Name, at.or("name"))
		c.Listeners = append(c.Listeners, l)
	})
}

func defaultListener() Listener {
	return Listener{
		Protocol:  ListenerHTTP,
		HTTP2:     &HTTP2{MaxStreams: 100},
		Timeouts:  ListenerTimeouts{Head: 10 * time.Second, Body: 30 * time.Second, Idle: 60 * time.Second},
		Limits:    ListenerLimits{Head: 32 << 10, Fields: 100, Target: 8 << 10},
		Forwarded: Forwarded{For: true, Proto: true, Host: true, Port: true, RealIP: true, RequestID: true, Via: "spillway"},
	}
}

func (l *Listener) decode(c *Config, v value) section {
	at := listenerAt{}
	s := v.section(fields{
		"name":            func(v value) { v.checked(&l.Name, complainName) },
		"address":         func(v value) { v.address(&l.Address, listenerAddress) },
		"protocol":        l.decodeProtocol,
		"tls":             func(v value) { optional(v, &l.TLS, defaultServerTLS(), (*ServerTLS).decode) },
		"pool":            func(v value) { v.streamPool(c, &l.Pool) },
		"proxy_protocol":  func(v value) { v.boolean(&l.ProxyProtocol) },
		"trusted_proxies": func(v value) { v.prefixes(&l.TrustedProxies) },
		"http2":           func(v value) { optional(v, &l.HTTP2, *l.HTTP2, (*HTTP2).decode) },
		"timeouts":        func(v value) { at.timeouts = l.Timeouts.decode(v) },
		"limits":          func(v value) { at.limits = l.Limits.decode(v) },
		"forwarded":       l.Forwarded.decode,
	})
	at.listener = s
	s.require("address")
	if !s.has("name") {
		l.Name = string(l.Address)
	}
	l.checkProtocol(&at)
	l.checkProxyProtocol(&at)
	v.d.later = append(v.d.later, func() { l.settle(c, &at) })
	return s
}

func (h *HTTP2) decode(v value) {
	v.section(fields{
		"max_streams": func(v value) { v.integer(&h.MaxStreams, 1, math.MaxInt32) },
	})
}

func (t *ListenerTimeouts) decode(v value) section {
	return v.section(fields{
		"head": func(v value) { v.duration(&t.Head, 0) },
		"body": func(v value) { v.duration(&t.Body, 0) },
		"idle": func(v value) { v.duration(&t.Idle, 0) },
	})
}

func (l *ListenerLimits) decode(v value) section {
	s := v.section(fields{
		"head":        func(v value) { v.head(&l.Head) },
		"fields":      func(v value) { v.integer(&l.Fields, 0, math.MaxInt32) },
		"target":      func(v value) { v.size(&l.Target, 0, maxHead) },
		"body":        func(v value) { v.size(&l.Body, 0, math.MaxInt64) },
		"connections": func(v value) { v.integer(&l.Connections, 0, math.MaxInt32) },
	})
	if l.Target > l.Head && s.has("target") {
		s.or("target").errorf("a target cannot be larger than the head that it is in (limits.head is %s)", formatSize(l.Head))
	}
	if l.Target == 0 || l.Target > l.Head {
		l.Target = l.Head
	}
	if l.Fields == 0 {
		l.Fields = math.MaxInt
	}
	return s
}

// head decodes the limit of a request head. 0 stands for the most there can be.
func (v value) head(dst *int64) {
	switch before := *dst; {
	case !v.size(dst, 0, maxHead):
	case *dst == 0:
		*dst = maxHead
	case *dst < minHead:
		v.errorf("%s is too small, the least is %s", clip(v.node.Value), formatSize(minHead))
		*dst = before
	}
}

func (f *Forwarded) decode(v value) {
	if v.isOff() {
		*f = Forwarded{}
		return
	}
	v.section(fields{
		"for":        func(v value) { v.boolean(&f.For) },
		"proto":      func(v value) { v.boolean(&f.Proto) },
		"host":       func(v value) { v.boolean(&f.Host) },
		"port":       func(v value) { v.boolean(&f.Port) },
		"real_ip":    func(v value) { v.boolean(&f.RealIP) },
		"request_id": func(v value) { v.boolean(&f.RequestID) },
		"via": func(v value) {
			if v.isOff() {
				f.Via = ""
				return
			}
			v.checked(&f.Via, complainToken)
		},
	})
}

// unique reports a name that an element of the same list has already.
func (v value) unique(taken map[string]string, name string, at value) {
	if name == "" {
		return
	}
	if first, ok := taken[name]; ok {
		at.errorf("the name %q is already taken by %s", clip(name), first)
		return
	}
	taken[name] = v.path
}

// claim is an address that is listened on.
type claim struct {
	address Address
	at      value
}

// claim reports an address that another listener, or admin, already listens on.
func (d *decoder) claim(address Address, at value) {
	for _, other := range d.claims {
		if collide(address, other.address) {
			at.errorf("%q collides with %q of %s", address, other.address, other.at.path)
			return
		}
	}
	d.claims = append(d.claims, claim{address, at})
}

// collide reports whether the operating system would refuse the second of two addresses.
func collide(a, b Address) bool {
	hostA, portA, tcpA := a.HostPort()
	hostB, portB, tcpB := b.HostPort()
	if !tcpA || !tcpB {
		return a == b
	}
	all := func(host string) bool {
		ip, err := netip.ParseAddr(host)
		return host == "" || err == nil && ip.IsUnspecified()
	}
	return portA == portB && portA != 0 && (hostA == hostB || all(hostA) || all(hostB))
}
