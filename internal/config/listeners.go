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
		at := l.decode(v)
		v.unique(taken, l.Name, at.or("name"))
		c.Listeners = append(c.Listeners, l)
	})
}

func defaultListener() Listener {
	return Listener{
		Protocol:  ListenerHTTP,
		Timeouts:  ListenerTimeouts{Head: 10 * time.Second, Body: 30 * time.Second, Idle: 60 * time.Second},
		Limits:    ListenerLimits{Head: 32 << 10, Fields: 100, Target: 8 << 10},
		Forwarded: Forwarded{For: true, Proto: true, Host: true, Port: true, RealIP: true, RequestID: true, Via: "spillway"},
	}
}

func (l *Listener) decode(v value) section {
	s := v.section(fields{
		"name":            func(v value) { v.checked(&l.Name, complainName) },
		"address":         func(v value) { v.address(&l.Address, listenerAddress) },
		"protocol":        func(v value) { choice(v, &l.Protocol, ListenerHTTP) },
		"trusted_proxies": func(v value) { v.prefixes(&l.TrustedProxies) },
		"timeouts":        l.Timeouts.decode,
		"limits":          l.Limits.decode,
		"forwarded":       l.Forwarded.decode,
	})
	s.require("address")
	if !s.has("name") {
		l.Name = string(l.Address)
	}
	return s
}

func (t *ListenerTimeouts) decode(v value) {
	v.section(fields{
		"head": func(v value) { v.duration(&t.Head, 0) },
		"body": func(v value) { v.duration(&t.Body, 0) },
		"idle": func(v value) { v.duration(&t.Idle, 0) },
	})
}

func (l *ListenerLimits) decode(v value) {
	s := v.section(fields{
		"head":        func(v value) { v.size(&l.Head, minHead, maxHead) },
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
