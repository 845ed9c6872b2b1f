package loadreport

import (
	"bytes"
	"strconv"
)

// Parse reads a utilization as a plain number ("0.73") or a percentage ("73%"). It keeps nothing of value.
func Parse(value []byte) (r Report, ok bool) {
	value = trim(value)
	number, isPercent := bytes.CutSuffix(value, []byte("%"))
	if r.Utilization, ok = parseNumber(trim(number)); !ok {
		return Report{}, false
	}
	if isPercent {
		r.Utilization /= 100
	}
	if r.Utilization > mostUtilization {
		return Report{}, false
	}
	return r, true
}

// trim removes optional white space (RFC 9110, section 5.6.3).
func trim(b []byte) []byte { return bytes.Trim(b, " \t") }

// parseNumber reads a decimal number that is not negative.
func parseNumber(b []byte) (float64, bool) {
	const longest = 32 // what strconv.ParseFloat reads without an allocation
	if len(b) == 0 || len(b) > longest {
		return 0, false
	}
	for _, c := range b {
		if (c < '0' || c > '9') && c != '.' && c != 'e' && c != 'E' && c != '+' && c != '-' {
			return 0, false // among them inf, nan and hexadecimal
		}
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || f < 0 {
		return 0, false
	}
	return f + 0, true // no negative zero
}
