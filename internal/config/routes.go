package config

import (
	"math"
	"strings"
	"time"
)

func (c *Config) decodeRoutes(v value) {
	v.list(func(v value) {
		r := Route{Priority: defaultPriority()}
		r.decode(c, len(c.Routes), v)
		c.Routes = append(c.Routes, r)
	})
}

// maxWeight is the greatest weight for which the shares stay exact.
const maxWeight = 1 << 20

func (r *Route) decode(c *Config, number int, v value) {
	at := routeAt{}
	at.route = v.section(fields{
		"match":            func(v value) { at.match = r.Match.decode(c, v) },
		"pool":             func(v value) { at.pools = append(at.pools, v.poolName(c, &r.Pool)) },
		"split":            func(v value) { at.pools = append(at.pools, r.decodeSplit(c, v)...) },
		"redirect":         r.decodeRedirect,
		"respond":          r.decodeRespond,
		"strip_prefix":     r.decodeStripPrefix,
		"rewrite":          r.decodeRewrite,
		"request_headers":  func(v value) { r.RequestHeaders.decode(v, complainRequestEdit) },
		"response_headers": func(v value) { r.ResponseHeaders.decode(v, complainEdit) },
		"timeouts":         r.Timeouts.decode,
		"retries":          r.Retries.decode,
		"limits":           r.Limits.decode,
		"spill":            func(v value) { r.decodeSpill(c, number, v) },
		"priority":         r.Priority.decode,
		"rate_limit":       func(v value) { optional(v, &r.RateLimit, defaultRateLimit(), (*RateLimit).decode) },
		"concurrency_limit": func(v value) {
			optional(v, &r.ConcurrencyLimit, defaultConcurrencyLimit(), (*ConcurrencyLimit).decode)
		},
	})
	r.checkAction(at.route)
	v.d.later = append(v.d.later, func() { c.Routes[number].settle(c, &at) })
}

// checkAction wants exactly one action, and nothing beside it that it could not use.
func (r *Route) checkAction(s section) {
	if !s.ok {
		return
	}
	var actions []string
	for _, key := range []string{"pool", "split", "redirect", "respond"} {
		if s.has(key) {
			actions = append(actions, key)
		}
	}
	switch {
	case len(actions) == 0:
		s.at.errorf("leads nowhere: want one of pool, split, redirect, respond")
	case len(actions) > 1:
		s.at.errorf("want one of pool, split, redirect, respond, got %s", strings.Join(actions, " and "))
	case actions[0] == "redirect" || actions[0] == "respond":
		s.exclude("is for a pool or split only, and this route has "+actions[0],
			"strip_prefix", "rewrite", "request_headers", "timeouts", "retries", "limits", "spill", "priority", "concurrency_limit")
	}
	if s.has("strip_prefix") && s.has("rewrite") {
		s.or("rewrite").errorf("want one of strip_prefix and rewrite, got both")
	}
}

// poolName decodes the name of a pool, which has to be somewhere in the file.
func (v value) poolName(c *Config, dst *string) poolRef {
	if !v.text(dst, false) {
		return poolRef{at: v}
	}
	name := *dst
	v.d.later = append(v.d.later, func() {
		if c.Pool(name) == nil {
			v.errorf("no pool is named %q%s", clip(name), suggest(name, c.poolNames()))
		}
	})
	return poolRef{v, name}
}

func (c *Config) poolNames() (names []string) {
	for i := range c.Pools {
		if c.Pools[i].Name != "" {
			names = append(names, c.Pools[i].Name)
		}
	}
	return names
}

func (r *Route) decodeSplit(c *Config, v value) (pools []poolRef) {
	total := 0
	wellFormed := true
	v.list(func(v value) {
		split := Split{Weight: 1}
		s := v.section(fields{
			"pool":   func(v value) { pools = append(pools, v.poolName(c, &split.Pool)) },
			"weight": func(v value) { wellFormed = v.integer(&split.Weight, 0, maxWeight) && wellFormed },
		})
		s.require("pool")
		total += split.Weight
		r.Split = append(r.Split, split)
	})
	switch {
	case v.isList() && len(v.node.Content) == 0:
		v.errorf("is empty")
	case total == 0 && wellFormed && v.isList():
		v.errorf("all weights are 0")
	}
	return pools
}

func (r *Route) decodeRedirect(v value) {
	r.Redirect = &Redirect{Status: 308}
	s := v.section(fields{
		"to": func(v value) { v.checked(&r.Redirect.To, complainTarget) },
		"status": func(v value) {
			status := 0
			if !v.integer(&status, 300, 399) {
				return
			}
			switch status {
			case 301, 302, 303, 307, 308:
				r.Redirect.Status = status
			default:
				v.errorf("%d does not redirect; use 301, 302, 303, 307 or 308", status)
			}
		},
	})
	s.require("to")
}

func (r *Route) decodeRespond(v value) {
	r.Respond = &Respond{Status: 200}
	s := v.section(fields{
		"status":  func(v value) { v.integer(&r.Respond.Status, 200, 599) },
		"body":    func(v value) { v.text(&r.Respond.Body, true) },
		"headers": func(v value) { v.headers(&r.Respond.Headers, complainEdit) },
	})
	switch status := r.Respond.Status; {
	case status == 204 || status == 205 || status == 304:
		if r.Respond.Body != "" {
			s.or("body").errorf("a response of status %d has no body", status)
		}
	}
}

func (r *Route) decodeStripPrefix(v value) {
	var prefix string
	if !v.checked(&prefix, complainPrefix) {
		return
	}
	if prefix = strings.TrimRight(normalPath(prefix), "/"); prefix == "" {
		v.errorf("there is nothing to strip")
	}
	r.StripPrefix = prefix
}

func (r *Route) decodeRewrite(v value) {
	r.Rewrite = new(Rewrite)
	s := v.section(fields{
		"regex": func(v value) { v.checked(&r.Rewrite.Regex, complainRegex) },
		"to":    func(v value) { v.text(&r.Rewrite.To, true) },
	})
	s.require("regex", "to")
	if s.has("regex") && s.has("to") && r.Rewrite.Regex != "" {
		if complaint := complainReplacement(r.Rewrite.Regex, r.Rewrite.To); complaint != "" {
			s.or("to").errorf("%s", complaint)
		}
	}
}

func (e *HeaderEdits) decode(v value, complainName func(string) string) {
	v.section(fields{
		"set":    func(v value) { v.headers(&e.Set, complainName) },
		"add":    func(v value) { v.headers(&e.Add, complainName) },
		"remove": func(v value) { v.strings(&e.Remove, complainName) },
	})
}

func (t *RouteTimeouts) decode(v value) {
	v.section(fields{
		"request": func(v value) {
			t.Request = new(time.Duration)
			v.duration(t.Request, 0)
		},
	})
}

func (r *RouteRetries) decode(v value) {
	var all Retries
	s := all.decode(v)
	if s.has("attempts") {
		r.Attempts = &all.Attempts
	}
	if s.has("on") {
		r.On = &all.On
	}
	if s.has("budget") {
		r.Budget = &all.Budget
	}
}

func (l *RouteLimits) decode(v value) {
	v.section(fields{
		"body": func(v value) {
			l.Body = new(int64)
			v.size(l.Body, 0, math.MaxInt64)
		},
	})
}
