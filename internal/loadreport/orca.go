package loadreport

import (
	"bytes"
	"encoding/json"
)

// ParseORCA reads a value of the field endpoint-load-metrics, in one of its forms for people: "TEXT cpu_utilization=0.3, ..." (also with a
// colon, and without its first word, as older ones are) and "JSON {...}". The utilization is the application's own measure where there is
// one, else the CPU's, as in gRPC's proposal A58; without either there is no report, and 0 means that it is not set. It keeps nothing of value.
func ParseORCA(value []byte) (Report, bool) {
	value = trim(value)
	var m metrics
	var ok bool
	if object, isJSON := bytes.CutPrefix(value, []byte("JSON ")); isJSON {
		ok = m.parseJSON(object)
	} else {
		text, _ := bytes.CutPrefix(value, []byte("TEXT "))
		ok = m.parseText(text)
	}
	if !ok {
		return Report{}, false
	}
	return m.report()
}

// metrics are those of an ORCA load report that are of use here (xds.data.orca.v3.OrcaLoadReport).
type metrics struct {
	application, cpu, rps, eps float64
}

// field returns where a metric is kept; nil for one that is of no use. Names are as in the protocol buffer, or as its JSON mapping writes them.
func (m *metrics) field(name []byte) *float64 {
	switch string(name) {
	case "application_utilization", "applicationUtilization":
		return &m.application
	case "cpu_utilization", "cpuUtilization":
		return &m.cpu
	case "rps_fractional", "rpsFractional":
		return &m.rps
	case "eps":
		return &m.eps
	}
	return nil
}

func (m *metrics) report() (r Report, ok bool) {
	if r.Utilization = m.application; r.Utilization == 0 {
		r.Utilization = m.cpu
	}
	if m.rps > 0 {
		r.ErrorShare = min(m.eps/m.rps, 1)
	}
	if r.Utilization == 0 || r.Utilization > mostUtilization {
		return Report{}, false
	}
	return r, true
}

func (m *metrics) parseText(text []byte) bool {
	for len(text) > 0 {
		var item []byte
		item, text, _ = bytes.Cut(text, []byte(","))
		at := bytes.IndexAny(item, "=:")
		if at < 0 {
			return false
		}
		if !m.set(trim(item[:at]), trim(item[at+1:])) {
			return false
		}
	}
	return true
}

// set reports whether the value can be read, or need not be.
func (m *metrics) set(name, value []byte) bool {
	field := m.field(name)
	if field == nil {
		return true
	}
	f, ok := parseNumber(value)
	*field = f
	return ok
}

// parseJSON reads the numbers of an object's own members; a number may stand in quotes.
func (m *metrics) parseJSON(text []byte) bool {
	if !json.Valid(text) {
		return false
	}
	text = trimJSON(text)
	if text[0] != '{' {
		return false
	}
	for text = trimJSON(text[1:]); text[0] != '}'; text = trimJSON(text) {
		if text[0] == ',' {
			text = trimJSON(text[1:])
		}
		n := valueLength(text)
		name := text[1 : n-1]
		text = trimJSON(text[n:])
		text = trimJSON(text[1:]) // the colon
		n = valueLength(text)
		value := text[:n]
		if value[0] == '"' {
			value = value[1 : n-1]
		}
		if string(value) != "null" && !m.set(name, value) {
			return false
		}
		text = text[n:]
	}
	return true
}

func trimJSON(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }

// valueLength is the length of the first value of valid JSON.
func valueLength(b []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			if quoted = !quoted; !quoted && depth == 0 {
				return i + 1
			}
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
			if depth < 0 { // the end of what holds a number, true, false or null
				return i
			}
		case depth == 0 && (c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n'):
			return i
		}
	}
	return len(b)
}
