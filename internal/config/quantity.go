package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// duration decodes a Go duration of at least low.
func (v value) duration(dst *time.Duration, low time.Duration) bool {
	text, ok := v.scalar("a duration such as 10s", "!!str", "!!int", "!!float")
	if !ok {
		return false
	}
	parsed, err := time.ParseDuration(text)
	switch _, bare := strconv.ParseFloat(text, 64); {
	case bare == nil:
		v.errorf("a duration needs a unit; use %ss", clip(text))
		return false
	case err != nil:
		v.errorf("%q is not a duration; use a form such as 500ms, 10s, 5m or 24h", clip(text))
		return false
	case parsed < 0:
		v.errorf("%s is negative", clip(text))
		return false
	case parsed < low && parsed == 0:
		v.errorf("%s cannot be zero", clip(text))
		return false
	case parsed < low:
		v.errorf("%s is too short, the least is %s", clip(text), low)
		return false
	}
	*dst = parsed
	return true
}

var (
	sizeForm  = regexp.MustCompile(`^([0-9]+) ?([A-Za-z]*)$`)
	sizeUnits = map[string]int64{
		"": 1, "B": 1,
		"kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}
)

// size decodes a number of bytes between low and high.
func (v value) size(dst *int64, low, high int64) bool {
	text, ok := v.scalar("a size such as 64KiB", "!!str", "!!int", "!!float")
	if !ok {
		return false
	}
	bytes, complaint := parseSize(text)
	switch {
	case complaint != "":
	case bytes > high:
		complaint = fmt.Sprintf("%s is too large, the most is %s", clip(text), formatSize(high))
	case bytes < low:
		complaint = fmt.Sprintf("%s is too small, the least is %s", clip(text), formatSize(low))
	}
	if complaint != "" {
		v.errorf("%s", complaint)
		return false
	}
	*dst = bytes
	return true
}

func parseSize(text string) (bytes int64, complaint string) {
	if strings.HasPrefix(text, "-") {
		return 0, clip(text) + " is negative"
	}
	form := sizeForm.FindStringSubmatch(text)
	if form == nil {
		return 0, fmt.Sprintf("%q is not a size; use a form such as 64KiB, 1MB or 4096", clip(text))
	}
	unit, known := sizeUnits[form[2]]
	if !known {
		return 0, fmt.Sprintf("%q is not a unit of size; use B, KB, KiB, MB, MiB, GB or GiB", clip(form[2]))
	}
	number, err := strconv.ParseInt(form[1], 10, 64)
	if err != nil || number > math.MaxInt64/unit {
		return 0, clip(text) + " is too large"
	}
	return number * unit, ""
}

func formatSize(bytes int64) string {
	for _, unit := range []string{"GiB", "MiB", "KiB"} {
		if size := sizeUnits[unit]; bytes >= size && bytes%size == 0 {
			return fmt.Sprintf("%d%s", bytes/size, unit)
		}
	}
	return fmt.Sprint(bytes)
}

var percentForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?%$`)

// percent decodes a percentage from 0% to 100% into a part of 1.
func (v value) percent(dst *float64) bool { return v.percentFrom(dst, 0) }

// percentFrom is percent for percentages that are at least low.
func (v value) percentFrom(dst *float64, low float64) bool {
	text, ok := v.scalar("a percentage such as 20%", "!!str", "!!int", "!!float")
	if !ok {
		return false
	}
	form := percentForm.FindStringSubmatch(text)
	if form == nil {
		v.errorf("%q is not a percentage; use a form such as 20%%", clip(text))
		return false
	}
	number, err := strconv.ParseFloat(form[1], 64)
	if err != nil || number > 100 {
		v.errorf("%s is more than 100%%", clip(text))
		return false
	}
	if number < low {
		v.errorf("%s is too small, the least is %s%%", clip(text), formatNumber(low))
		return false
	}
	*dst = number / 100
	return true
}

var numberForm = regexp.MustCompile(`^[0-9]+(?:\.[0-9]+)?$`)

// number decodes a number between low and high, which may have a fraction.
func (v value) number(dst *float64, low, high float64) bool {
	text, ok := v.scalar("a number", "!!int", "!!float")
	if !ok {
		return false
	}
	if !numberForm.MatchString(strings.TrimPrefix(text, "-")) {
		v.errorf("want a number in decimal digits, got %q", clip(text))
		return false
	}
	number, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || number > high:
		v.errorf("%s is too large, the most is %s", clip(text), formatNumber(high))
		return false
	case number < low:
		v.errorf("%s is too small, the least is %s", clip(text), formatNumber(low))
		return false
	}
	*dst = number
	return true
}

func formatNumber(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
