package admin

import "spillway/internal/metrics"

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
