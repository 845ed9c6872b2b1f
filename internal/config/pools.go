package config

import (
	"math"
	"strings"
	"time"
)

func (c *Config) decodePools(v value) {
	taken := map[string]string{}
	v.list(func(v value) {
		p := defaultPool()
		at := p.decode(c, v)
		v.unique(taken, p.Name, at.or("name"))
		c.Pools = append(c.Pools, p)
	})
}

func defaultPool() Pool {
	ejection := defaultEjection()
	return Pool{
		Policy:        LeastConn,
		Host:          HostPreserve,
		RequestBuffer: 16 << 10,
		Protocol:      PoolHTTP1,
		Ejection:      &ejection,
		Timeouts: PoolTimeouts{
			Connect: time.Second, Response: 30 * time.Second, Idle: 60 * time.Second, Tunnel: time.Hour,
		},
		Retries:      defaultRetries(),
		Queue:        Queue{Timeout: time.Second},
		Spill:        defaultSpill(),
		LearnedLimit: true,
	}
}

func (p *Pool) decode(c *Config, v value) section {
	at := poolAt{}
	s := v.section(fields{
		"name": func(v value) { v.checked(&p.Name, complainName) },
		"policy": func(v value) {
			choice(v, &p.Policy, LeastConn, P2C, RoundRobin, Random, ConsistentHash, PeakEWMA)
		},
		"hash_on": p.decodeHashOn,
		"sticky":  func(v value) { optional(v, &p.Sticky, Sticky{Cookie: "SRV", TTL: time.Hour}, (*Sticky).decode) },
		"affinity": func(v value) {
			optional(v, &p.Affinity, Affinity{Size: 100000, TTL: 10 * time.Minute}, (*Affinity).decode)
		},
		"host":           p.decodeHost,
		"request_buffer": func(v value) { v.size(&p.RequestBuffer, 0, math.MaxInt32) },
		"protocol":       p.decodeProtocol,
		"tls":            func(v value) { optional(v, &p.TLS, BackendTLS{}, (*BackendTLS).decode) },
		"proxy_protocol": p.decodeProxyProtocol,
		"health_check":   func(v value) { optional(v, &p.HealthCheck, defaultHealthCheck(), (*HealthCheck).decode) },
		"ejection": func(v value) {
			optional(v, &p.Ejection, *p.Ejection, func(e *Ejection, v value) { at.ejection = e.decode(v) })
		},
		"timeouts":      func(v value) { at.timeouts = p.Timeouts.decode(v) },
		"retries":       func(v value) { at.retries = p.Retries.decode(v) },
		"queue":         p.Queue.decode,
		"spill":         func(v value) { p.decodeSpill(c, len(c.Pools), v) },
		"slow_start":    func(v value) { v.duration(&p.SlowStart, 0) },
		"learned_limit": func(v value) { v.onOff(&p.LearnedLimit) },
		"hedge":         func(v value) { optional(v, &p.Hedge, Hedge{Quantile: 0.95}, (*Hedge).decode) },
		"load_header":   p.decodeLoadHeader,
		"backends":      func(v value) { at.backends = p.decodeBackends(len(c.Pools), v) },
	})
	at.pool = s
	s.require("name", "backends")
	p.checkProtocol(&at)
	p.checkTLS(s)
	if p.Policy == ConsistentHash && !s.has("hash_on") {
		s.or("policy").errorf("consistent_hash needs hash_on, which says what to hash, such as hash_on: [client_ip]")
	}
	if p.Affinity != nil && p.Policy != ConsistentHash {
		s.or("affinity").errorf("is for policy consistent_hash only, and this pool has %s", p.Policy)
	}
	return s
}

// hashSources is the sources of a hash key by how the file writes them.
var hashSources = map[string]struct {
	source   HashSource
	complain func(name string) string // nil: the source has no name
}{
	"header":    {HashHeader, complainFieldName},
	"cookie":    {HashCookie, complainToken},
	"query":     {HashQuery, func(string) string { return "" }},
	"path":      {HashPath, nil},
	"client_ip": {HashClientIP, nil},
}

func (p *Pool) decodeHashOn(v value) {
	const forms = "want one of header:NAME, cookie:NAME, query:NAME, path, client_ip"
	var words []string
	v.strings(&words, func(text string) string {
		word, name, named := strings.Cut(text, ":")
		source, known := hashSources[word]
		switch {
		case !known:
			return forms + ", got \"" + clip(text) + "\"" + suggest(word, []string{"header", "cookie", "query", "path", "client_ip"})
		case source.complain == nil && named:
			return word + " has no name; " + forms
		case source.complain != nil && name == "":
			return word + " needs a name; " + forms
		case source.complain != nil && source.complain(name) != "":
			return source.complain(name)
		}
		p.HashOn = append(p.HashOn, HashKey{Source: source.source, Name: name})
		return ""
	})
	if v.isList() && len(v.node.Content) == 0 {
		v.errorf("is empty; " + forms)
	}
}

func (s *Sticky) decode(v value) {
	v.section(fields{
		"cookie": func(v value) { v.checked(&s.Cookie, complainToken) },
		"ttl":    func(v value) { v.duration(&s.TTL, 0) },
	})
}

func (a *Affinity) decode(v value) {
	const largest = 10_000_000
	v.section(fields{
		"size": func(v value) { v.integer(&a.Size, 1, largest) },
		"ttl":  func(v value) { v.duration(&a.TTL, time.Second) },
	})
}

func (p *Pool) decodeHost(v value) {
	var host string
	if v.checked(&host, complainHostHeader) {
		p.Host = HostHeader(host)
	}
}

// complainHostHeader checks a literal Host: a host, and perhaps a port.
func complainHostHeader(text string) string {
	host := text
	if i := strings.LastIndexByte(text, ':'); i > strings.LastIndexByte(text, ']') {
		var port string
		host, port = text[:i], text[i+1:]
		if port == "" || strings.Trim(port, "0123456789") != "" {
			return "\"" + clip(text) + "\" has no valid port"
		}
	}
	if strings.HasPrefix(host, "*") {
		return "\"" + clip(text) + "\" is not a host name"
	}
	_, complaint := hostPattern(host)
	return complaint
}

func (t *PoolTimeouts) decode(v value) section {
	return v.section(fields{
		"connect":  func(v value) { v.duration(&t.Connect, time.Millisecond) },
		"response": func(v value) { v.duration(&t.Response, 0) },
		"request":  func(v value) { v.duration(&t.Request, 0) },
		"idle":     func(v value) { v.duration(&t.Idle, time.Millisecond) },
		"tunnel":   func(v value) { t.tunnelGiven = v.duration(&t.Tunnel, 0) },
	})
}

func (q *Queue) decode(v value) {
	v.section(fields{
		"size":    func(v value) { v.integer(&q.Size, 0, math.MaxInt32) },
		"timeout": func(v value) { v.duration(&q.Timeout, time.Millisecond) },
	})
}
