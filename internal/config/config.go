package config

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// defaultConfig is what holds for a file that says nothing.
func defaultConfig() *Config {
	return &Config{
		AccessLog: AccessLog{Format: AccessLogJSON},
		Log:       Log{Level: slog.LevelInfo, Format: LogText},
		Shutdown:  Shutdown{DrainTimeout: 30 * time.Second},
	}
}

// decode reads the whole document.
func (c *Config) decode(v value) {
	s := v.section(fields{
		"region":     func(v value) { v.checked(&c.Region, complainName) },
		"regions":    c.decodeRegions,
		"admin":      c.Admin.decode,
		"access_log": c.AccessLog.decode,
		"log":        c.Log.decode,
		"shutdown":   c.Shutdown.decode,
		"listeners":  c.decodeListeners,
		"routes":     c.decodeRoutes,
		"pools":      c.decodePools,
	})
	s.require("listeners")
	if listeners, ok := s.children["listeners"]; ok && listeners.isList() && len(listeners.node.Content) == 0 {
		listeners.errorf("is empty; there has to be at least one")
	}
	v.d.later = append(v.d.later, func() { c.settleRegions(s) })
}

func (c *Config) decodeRegions(v value) {
	c.Regions = map[string]Region{}
	v.names(func(key, v value) {
		name := key.node.Value
		if complaint := complainName(name); complaint != "" {
			key.errorf("%s", complaint)
		}
		var r Region
		v.section(fields{
			"rtt": func(v value) { v.duration(&r.RTT, time.Microsecond) },
		})
		c.Regions[name] = r
	})
}

// settleRegions gives every backend a region and finds regions that nothing leads to.
func (c *Config) settleRegions(s section) {
	known := append(slices.Collect(maps.Keys(c.Regions)), c.Region)
	for i := range c.Pools {
		for j := range c.Pools[i].Backends {
			b := &c.Pools[i].Backends[j]
			at, named := s.at.d.regionAt[[2]int{i, j}]
			switch {
			case !named && !s.has("region"):
				b.Region = DefaultRegion
			case !named:
				b.Region = c.Region
			case !s.has("region"):
				at.errorf("no region is this instance's own: set region at the top of the file")
			case c.Regions != nil && !slices.Contains(known, b.Region):
				at.errorf("no region is named %q in regions%s", clip(b.Region), suggest(b.Region, known))
			}
		}
	}
	if !s.has("region") {
		c.Region = DefaultRegion
	}
}

func (a *Admin) decode(v value) {
	if v.isOff() {
		return
	}
	s := v.section(fields{
		"address": func(v value) { v.address(&a.Address, listenerAddress) },
	})
	s.require("address")
}

func (a *AccessLog) decode(v value) {
	if v.isOff() {
		return
	}
	a.Output = LogStdout
	v.section(fields{
		"output": func(v value) { v.logOutput(&a.Output) },
		"format": func(v value) { choice(v, &a.Format, AccessLogJSON, AccessLogCombined) },
	})
}

func (v value) logOutput(dst *string) {
	var output string
	if !v.checked(&output, complainPath) {
		return
	}
	if output == LogStdout || output == LogStderr {
		*dst = output
		return
	}
	if output == "off" {
		v.errorf("off is no output; write access_log: off, or leave access_log out")
		return
	}
	path, err := v.d.absolute(output)
	if err != nil {
		v.errorf("%v", err)
		return
	}
	*dst = path
}

func (l *Log) decode(v value) {
	type word string
	levels := map[word]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	v.section(fields{
		"level": func(v value) {
			var level word
			if choice(v, &level, "debug", "info", "warn", "error") {
				l.Level = levels[level]
			}
		},
		"format": func(v value) { choice(v, &l.Format, LogText, LogJSON) },
	})
}

func (s *Shutdown) decode(v value) {
	v.section(fields{
		"delay":         func(v value) { v.duration(&s.Delay, 0) },
		"drain_timeout": func(v value) { v.duration(&s.DrainTimeout, 0) },
	})
}

// complainName checks the name of a listener, a pool or a region: it has to be fit for a log line and a label.
func complainName(name string) string {
	const longest = 128
	switch {
	case name == "":
		return "is empty"
	case len(name) > longest:
		return "the name is too long"
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || unicode.IsSpace(r) }):
		return "a name has no spaces and no control characters"
	}
	return ""
}

// complainPath checks the name of a file.
func complainPath(path string) string {
	if strings.ContainsFunc(path, unicode.IsControl) {
		return "there cannot be control characters here"
	}
	return ""
}
