package config

import (
	"math"
	"net/http"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// mostInARow bounds how many checks or failures in a row may be asked for.
const mostInARow = 1000

func defaultHealthCheck() HealthCheck {
	return HealthCheck{
		Type: CheckHTTP, Timeout: time.Second, Jitter: 0.1, Rise: 2, Fall: 3,
		Interval: 2 * time.Second, FastInterval: 2 * time.Second,
		Method: http.MethodGet, Path: "/", Expect: Expect{Status: defaultStatus()},
	}
}

func defaultStatus() (s StatusSet) {
	s.Add(200, 399)
	return s
}

func (h *HealthCheck) decode(v value) {
	s := v.section(fields{
		"type":          func(v value) { choice(v, &h.Type, CheckHTTP, CheckTCP, CheckGRPC) },
		"method":        func(v value) { v.checked(&h.Method, complainMethod) },
		"path":          func(v value) { v.checked(&h.Path, complainCheckPath) },
		"host":          func(v value) { v.checked(&h.Host, complainHostHeader) },
		"headers":       func(v value) { v.headers(&h.Headers, complainRequestEdit) },
		"port":          h.decodePort,
		"interval":      func(v value) { v.duration(&h.Interval, 10*time.Millisecond) },
		"fast_interval": func(v value) { v.duration(&h.FastInterval, 10*time.Millisecond) },
		"timeout":       func(v value) { v.duration(&h.Timeout, time.Millisecond) },
		"jitter":        func(v value) { v.percent(&h.Jitter) },
		"rise":          func(v value) { v.integer(&h.Rise, 1, mostInARow) },
		"fall":          func(v value) { v.integer(&h.Fall, 1, mostInARow) },
		"expect":        h.Expect.decode,
		"service":       func(v value) { v.text(&h.Service, true) },
	})
	if !s.has("fast_interval") {
		h.FastInterval = h.Interval
	}
	if h.FastInterval > h.Interval {
		s.or("fast_interval").errorf("is longer than the interval of %s", h.Interval)
	}
	if h.Expect.Body != "" && h.Method == http.MethodHead {
		s.or("expect").errorf("the response to HEAD has no body")
	}
	switch h.Type {
	case CheckHTTP:
		s.exclude("is for type grpc only", "service")
	case CheckGRPC:
		s.exclude("is for type http only", "method", "path", "expect")
		h.Method, h.Path, h.Expect = "", "", Expect{}
	case CheckTCP:
		s.exclude("is for type http only", "method", "path", "expect")
		s.exclude("is for types http and grpc only", "host", "headers")
		s.exclude("is for type grpc only", "service")
		h.onlyConnect()
	}
}

// onlyConnect makes h a TCP check.
func (h *HealthCheck) onlyConnect() {
	h.Type = CheckTCP
	h.Method, h.Path, h.Host, h.Headers, h.Expect, h.Service = "", "", "", nil, Expect{}, ""
}

func (h *HealthCheck) decodePort(v value) {
	var port int
	if v.integer(&port, 1, math.MaxUint16) {
		h.Port = uint16(port)
	}
}

// complainCheckPath checks a path that is sent as it is.
func complainCheckPath(path string) string {
	if !strings.HasPrefix(path, "/") {
		return "a path begins with a slash"
	}
	for _, c := range []byte(path) {
		if c <= ' ' || c >= 0x7f || c == '#' {
			return "a path has no spaces, control characters, letters beyond ASCII or fragment; escape them"
		}
	}
	return ""
}

func (e *Expect) decode(v value) {
	v.section(fields{
		"status": e.decodeStatus,
		"body":   func(v value) { v.text(&e.Body, true) },
	})
}

// decodeStatus reads a status, a range, or a list of them.
func (e *Expect) decodeStatus(v value) {
	e.Status = StatusSet{}
	one := func(v value) {
		text, ok := v.scalar("a status or a range such as 200-399", "!!str", "!!int")
		if !ok {
			return
		}
		r, complaint := parseStatus(text)
		if complaint != "" {
			v.errorf("%s", complaint)
			return
		}
		e.Status.Add(r.First, r.Last)
	}
	switch {
	case v.node.Kind == yaml.ScalarNode:
		one(v)
	case !v.isList():
		v.wrongKind("a status, a range such as 200-399, or a list of them")
	case len(v.node.Content) == 0:
		v.errorf("is empty; no status would be good")
	default:
		v.list(one)
	}
}
