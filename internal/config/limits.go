package config

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Sizes of the tables in which limits remember keys.
const (
	defaultLimitSize = 100_000
	largestLimitSize = 10_000_000
)

func defaultPriority() Priority { return Priority{Default: 50} }

// decode reads a number, or where requests say it.
func (p *Priority) decode(v value) {
	if !v.isMapping() {
		if v.node.Kind != yaml.ScalarNode {
			v.wrongKind("a number from 1 to 100, or a mapping")
			return
		}
		v.integer(&p.Default, 1, 100)
		return
	}
	s := v.section(fields{
		"header":  func(v value) { v.checked(&p.Header, complainFieldName) },
		"default": func(v value) { v.integer(&p.Default, 1, 100) },
	})
	s.require("header")
}

func defaultRateLimit() RateLimit {
	return RateLimit{Key: LimitKey{Source: LimitClientIP}, Size: defaultLimitSize}
}

func (l *RateLimit) decode(v value) {
	count := 0.0
	s := v.section(fields{
		"key":   l.Key.decode,
		"rate":  func(v value) { count = v.rate(&l.Rate) },
		"burst": func(v value) { v.integer(&l.Burst, 1, math.MaxInt32) },
		"size":  func(v value) { v.integer(&l.Size, 1, largestLimitSize) },
	})
	s.require("rate")
	if !s.has("burst") {
		l.Burst = max(1, int(count))
	}
	l.Key.checkSize(s, &l.Size)
}

func defaultConcurrencyLimit() ConcurrencyLimit {
	return ConcurrencyLimit{Key: LimitKey{Source: LimitClientIP}, Size: defaultLimitSize}
}

func (l *ConcurrencyLimit) decode(v value) {
	s := v.section(fields{
		"key":   l.Key.decode,
		"limit": func(v value) { v.integer(&l.Limit, 1, math.MaxInt32) },
		"size":  func(v value) { v.integer(&l.Size, 1, largestLimitSize) },
	})
	s.require("limit")
	l.Key.checkSize(s, &l.Size)
}

// checkSize leaves no size to a key that is one for all requests.
func (k *LimitKey) checkSize(s section, size *int) {
	if k.Source == LimitRoute {
		s.exclude("is how many keys are remembered, and key: route is a single one", "size")
		*size = 0
	}
}

func (k *LimitKey) decode(v value) {
	const forms = "want one of client_ip, header:NAME, route"
	var text string
	if !v.text(&text, false) {
		return
	}
	word, name, named := strings.Cut(text, ":")
	switch {
	case word == "client_ip" && !named:
		*k = LimitKey{Source: LimitClientIP}
	case word == "route" && !named:
		*k = LimitKey{Source: LimitRoute}
	case word == "header" && name == "":
		v.errorf("header needs a name; %s", forms)
	case word == "header" && complainFieldName(name) != "":
		v.errorf("%s", complainFieldName(name))
	case word == "header":
		*k = LimitKey{Source: LimitHeader, Name: name}
	default:
		v.errorf("%s, got %q%s", forms, clip(text), suggest(word, []string{"client_ip", "header", "route"}))
	}
}

var (
	rateForm  = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?/ ?([a-z]+)$`)
	rateUnits = map[string]float64{"s": 1, "m": 60, "h": 3600}
)

// rate decodes a number of requests in a time into one a second. It returns the number.
func (v value) rate(dst *float64) (count float64) {
	const most = 1e9
	text, ok := v.scalar("a rate such as 100/s", "!!str", "!!int", "!!float")
	if !ok {
		return 0
	}
	form := rateForm.FindStringSubmatch(text)
	if form == nil || rateUnits[form[2]] == 0 {
		v.errorf("%q is not a rate; use a form such as 100/s, 100/m or 100/h", clip(text))
		return 0
	}
	count, err := strconv.ParseFloat(form[1], 64)
	switch {
	case err != nil || count > most:
		v.errorf("%s is too large, the most is %s/%s", clip(text), formatNumber(most), form[2])
		return 0
	case count == 0:
		v.errorf("%s lets nothing through; use respond to refuse every request", clip(text))
		return 0
	}
	*dst = count / rateUnits[form[2]]
	return count
}
