package admin

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"spillway/proxy"
)

// A collector gathers a proxy's metrics anew for each scrape. It describes
// nothing beforehand, since what there is depends on the configuration.
type collector struct {
	proxy   *proxy.Server
	version string
}

// Describe sends nothing.
func (*collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends everything.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	for _, f := range proxyFamilies(c.proxy.Gather(), c.version) {
		desc := prometheus.NewDesc(f.name, f.help, f.labels, nil)
		for i := range f.samples {
			to <- f.samples[i].metric(desc, f.kind)
		}
	}
}

func (s *sample) metric(desc *prometheus.Desc, kind kind) prometheus.Metric {
	if s.durations != nil {
		counts := s.durations.Cumulative(bounds)
		buckets := make(map[float64]uint64, len(bounds))
		for i, bound := range bounds {
			buckets[bound] = counts[i]
		}
		return prometheus.MustNewConstHistogram(desc, counts[len(bounds)], float64(s.durations.Sum())/1e9, buckets, s.labels...)
	}
	of := prometheus.GaugeValue
	if kind == counter {
		of = prometheus.CounterValue
	}
	return prometheus.MustNewConstMetric(desc, of, s.value, s.labels...)
}

// newRegistry holds the proxy's, the runtime's and the process's metrics.
func newRegistry(p *proxy.Server, version string) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(&collector{p, version}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

func metricsHandler(p *proxy.Server, version string) http.HandlerFunc {
	return promhttp.HandlerFor(newRegistry(p, version), promhttp.HandlerOpts{}).ServeHTTP
}
