package config

import (
	"fmt"
	"regexp"
	"strconv"
)

func defaultRetries() Retries {
	r := Retries{Attempts: 2, On: RetryOn{Connect: true, Reset: true}, Budget: 0.2}
	r.On.Status.Add(502, 504)
	return r
}

func (r *Retries) decode(v value) section {
	const mostAttempts = 10
	return v.section(fields{
		"attempts": func(v value) { v.integer(&r.Attempts, 0, mostAttempts) },
		"on":       r.On.decode,
		"budget":   func(v value) { v.percent(&r.Budget) },
	})
}

func (on *RetryOn) decode(v value) {
	const wanted = "connect, reset, unavailable or a status"
	*on = RetryOn{}
	v.list(func(v value) {
		text, ok := v.scalar(wanted, "!!str", "!!int")
		if !ok {
			return
		}
		switch text {
		case "connect":
			on.Connect = true
			return
		case "reset":
			on.Reset = true
			return
		case "unavailable":
			on.Unavailable = true
			return
		}
		r, complaint := parseStatus(text)
		switch {
		case complaint != "":
			v.errorf("want %s, got %q%s", wanted, clip(text), suggest(text, []string{"connect", "reset", "unavailable"}))
		case r.First < 400:
			v.errorf("%s is no failure; a status from 400 to 599 can be tried again", r)
		default:
			on.Status.Add(r.First, r.Last)
		}
	})
}

var statusForm = regexp.MustCompile(`^([0-9]{3})(?: ?- ?([0-9]{3}))?$`)

// parseStatus reads "200" or "200-399".
func parseStatus(text string) (r StatusRange, complaint string) {
	form := statusForm.FindStringSubmatch(text)
	if form == nil {
		return r, fmt.Sprintf("%q is neither a status nor a range such as 200-399", clip(text))
	}
	r.First, _ = strconv.Atoi(form[1])
	r.Last = r.First
	if form[2] != "" {
		r.Last, _ = strconv.Atoi(form[2])
	}
	if r.First < 100 || r.Last > 599 {
		return r, fmt.Sprintf("%s: a status is from 100 to 599", text)
	}
	if r.Last < r.First {
		return r, fmt.Sprintf("%s ends before it begins", text)
	}
	return r, ""
}
