package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func (h *Hedge) decode(v value) {
	v.section(fields{
		"after": h.decodeAfter,
	})
}

var quantileForm = regexp.MustCompile(`^p([0-9]{2})(?:\.([0-9]))?$`)

// decodeAfter reads a duration, or a percentile such as p95.
func (h *Hedge) decodeAfter(v value) {
	text, ok := v.scalar("a percentile such as p95, or a duration such as 50ms", "!!str", "!!int", "!!float")
	switch form := quantileForm.FindStringSubmatch(text); {
	case !ok:
	case form != nil:
		quantile, _ := strconv.ParseFloat("0."+form[1]+form[2], 64)
		if quantile < 0.5 {
			v.errorf("%s is too small, the least is p50", text)
		}
		*h = Hedge{Quantile: quantile}
	case strings.HasPrefix(text, "p"):
		v.errorf("%q is not a percentile; use a form such as p95 or p99.9", clip(text))
	default:
		if v.duration(&h.After, time.Millisecond) {
			h.Quantile = 0
		}
	}
}

// decodeLoadHeader reads the name of a header, or the name of a form that has a header of its own.
func (p *Pool) decodeLoadHeader(v value) {
	var name string
	switch {
	case v.isOff():
		p.LoadHeader = ""
	case !v.checked(&name, complainLoadHeader):
	case name == "orca" || strings.EqualFold(name, LoadHeaderORCA):
		p.LoadHeader = LoadHeaderORCA
	default:
		p.LoadHeader = name
	}
}

// complainLoadHeader checks the name of a header that clients never see.
func complainLoadHeader(name string) string {
	if complaint := complainEdit(name); complaint != "" {
		return complaint
	}
	switch strings.ToLower(name) {
	case "content-type", "content-encoding", "date", "location", "set-cookie", "cache-control", "etag", "vary":
		return fmt.Sprintf("%s is a header that clients need, and would no longer get", clip(name))
	}
	return ""
}
