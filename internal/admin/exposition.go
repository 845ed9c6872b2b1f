package admin

import (
	"strconv"
	"strings"

	"spillway/internal/metrics"
)

// A family is all series of one name.
type family struct {
	name, help string
	kind       kind
	labels     []string // the names
	samples    []sample
}

type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	histogram kind = "histogram"
)

// A sample is one series: a value, or a histogram.
type sample struct {
	labels    []string // the values, in the order of the family's names
	value     float64
	durations *metrics.Histogram
}

func (f *family) add(value float64, labels ...string) {
	f.samples = append(f.samples, sample{labels: labels, value: value})
}

func (f *family) observe(h *metrics.Histogram, labels ...string) {
	f.samples = append(f.samples, sample{labels: labels, durations: h})
}

// bounds are those of all histograms, in seconds: few, since each costs a series
// for each listener, route and backend.
var bounds = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// appendText appends the families in the Prometheus text format, version 0.0.4
// (prometheus.io/docs/instrumenting/exposition_formats). A family without samples is left out.
func appendText(b []byte, families []family) []byte {
	for i := range families {
		f := &families[i]
		if len(f.samples) == 0 {
			continue
		}
		b = append(b, "# HELP "+f.name+" "+helpEscapes.Replace(f.help)+"\n"...)
		b = append(b, "# TYPE "+f.name+" "+string(f.kind)+"\n"...)
		for j := range f.samples {
			s := &f.samples[j]
			if s.durations == nil {
				b = appendSeries(b, f, "", s.labels, "", s.value)
				continue
			}
			counts := s.durations.Cumulative(bounds)
			for k, bound := range bounds {
				b = appendSeries(b, f, "_bucket", s.labels, formatFloat(bound), float64(counts[k]))
			}
			total := float64(counts[len(bounds)])
			b = appendSeries(b, f, "_bucket", s.labels, "+Inf", total)
			b = appendSeries(b, f, "_sum", s.labels, "", float64(s.durations.Sum())/1e9)
			b = appendSeries(b, f, "_count", s.labels, "", total)
		}
	}
	return b
}

func appendSeries(b []byte, f *family, suffix string, labels []string, upTo string, value float64) []byte {
	b = append(b, f.name...)
	b = append(b, suffix...)
	separator := byte('{')
	for i, name := range f.labels {
		b = appendLabel(b, separator, name, labels[i])
		separator = ','
	}
	if upTo != "" {
		b = appendLabel(b, separator, "le", upTo)
		separator = ','
	}
	if separator == ',' {
		b = append(b, '}')
	}
	b = append(b, ' ')
	b = append(b, formatFloat(value)...)
	return append(b, '\n')
}

func appendLabel(b []byte, separator byte, name, value string) []byte {
	b = append(b, separator)
	b = append(b, name...)
	b = append(b, `="`...)
	b = append(b, labelEscapes.Replace(strings.ToValidUTF8(value, "\ufffd"))...)
	return append(b, '"')
}

var (
	helpEscapes  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

func formatFloat(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
