package health_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"spillway/health"
)

// set reads a line of settings: a name, then key=value pairs, or none for what is off.
func (s *stage) set(words []string) error {
	v := values{}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		v[key] = value
	}
	e := &s.settings.Ejection
	switch words[0] {
	case "check":
		s.settings.Check = &health.CheckSettings{Interval: 2 * time.Second, Rise: v.number("rise"), Fall: v.number("fall")}
	case "nocheck":
		s.settings.Check = nil
	case "ejection":
		*e = health.EjectionSettings{Failures: v.number("failures"), Window: v.duration("window"), Time: v.duration("time"),
			MaxTime: v.duration("max-time"), KeepAtLeast: v.number("keep"), Off: v.flag("off"), Outliers: e.Outliers}
	case "sweep":
		e.Outliers.Interval, e.Outliers.Fraction = v.duration("interval"), v.part("fraction")
	case "gateway-errors":
		e.Outliers.GatewayErrors = health.GatewayErrorSettings{InARow: v.number("in-a-row"), Share: v.part("share"),
			Hosts: v.number("hosts"), Requests: v.number("requests")}
	case "success-rate":
		e.Outliers.SuccessRate = health.SuccessRateSettings{Deviations: v.part("deviations"), Margin: v.part("margin"),
			Hosts: v.number("hosts"), Requests: v.number("requests")}
	case "latency":
		e.Outliers.Latency = health.LatencySettings{Factor: v.part("factor"), Floor: v.duration("floor"), Quantile: v.part("quantile"),
			Hosts: v.number("hosts"), Requests: v.number("requests"), Interval: v.duration("interval")}
	case "probation":
		s.settings.Probation = v.flag("on")
	case "doubt":
		s.doubt = health.NewDoubt(health.DoubtSettings{Share: v.part("share"), Hosts: v.number("hosts")}, 0)
	default:
		return fmt.Errorf("unknown line")
	}
	if len(v) > 0 {
		return fmt.Errorf("unknown settings %v", v)
	}
	return nil
}

// values are key=value pairs; what was read is taken away, so that what stays is unknown.
type values map[string]string

func (v values) take(key string) string {
	value := v[key]
	delete(v, key)
	return value
}

func (v values) flag(key string) bool {
	_, set := v[key]
	delete(v, key)
	return set
}

func (v values) number(key string) int {
	n, _ := strconv.Atoi(v.take(key))
	return n
}

func (v values) part(key string) float64 {
	f, _ := strconv.ParseFloat(v.take(key), 64)
	return f
}

func (v values) duration(key string) time.Duration {
	d, _ := time.ParseDuration(v.take(key))
	return d
}

// answers reports a number of answers with a status, each after a time: "20 200 5ms". With answers-to, another time says when they all were begun.
func answers(tr *health.Tracker, now int64, event string, rest []string) (change health.Transition, err error) {
	n, err := strconv.Atoi(rest[0])
	if err != nil {
		return change, err
	}
	status, err := strconv.Atoi(rest[1])
	if err != nil {
		return change, err
	}
	took, err := time.ParseDuration(rest[2])
	began := now - int64(took)
	if event == "answers-to" {
		began = int64(took)
	}
	for i := range n {
		c := tr.Answered(i, began, now, status, 0.5)
		if change.Changed() && c.Changed() {
			return c, fmt.Errorf("two changes: %+v, %+v", change, c)
		}
		if c.Changed() || c.ProbationEnded {
			change = c
		}
	}
	return change, err
}

// aboutDoubt checks what the doubt says: on or off, what was told since the last look, or why.
func (s *stage) aboutDoubt(now int64, words []string, line string) error {
	switch words[0] {
	case "told":
		told := s.doubt.Take()
		if words[1] == "nothing" {
			if len(told) != 0 {
				return fmt.Errorf("told %+v", told)
			}
			return nil
		}
		want, err := strconv.Unquote(line[strings.Index(line, `"`):])
		if err != nil {
			return err
		}
		if len(told) != 1 || told[0].Doubting != s.doubt.Doubting() {
			return fmt.Errorf("told %+v", told)
		}
		return expect("told", told[0].Reason, want)
	case "hosts":
		status := s.doubt.Status(now)
		return expect("hosts", fmt.Sprintf("%d lost of %d", status.Lost, status.Hosts), strings.Join(words[1:], " "))
	case "configure":
		s.doubt.Configure(health.DoubtSettings{Off: words[1] == "off"}, now)
		return nil
	}
	if status := s.doubt.Status(now); status.Doubting != s.doubt.Doubting() || status.Since > now {
		return fmt.Errorf("status %+v", status)
	}
	return expect("doubt", yesno(s.doubt.Doubting()), words[0])
}
