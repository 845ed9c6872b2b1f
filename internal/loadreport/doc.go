// Package loadreport reads how loaded a backend says it is, in a field of its responses, and makes of that by how much its weight has to change.
//
// A report is a number or a percentage in a field of one's own choice ([Parse]), or the field endpoint-load-metrics of the Open Request
// Cost Aggregation that gRPC and Envoy use ([ParseORCA]). Reports are foreign bytes: what cannot be read is no report.
//
// Times are nanoseconds on a monotonic clock of the caller's choice.
package loadreport

// Report is what a backend says of itself.
type Report struct {
	Utilization float64 // 0: idle, 1: as much as it can do; above 1: more than that
	ErrorShare  float64 // the part of its requests that fail, 0 to 1; 0 where it does not say
}

// mostUtilization is the highest utilization that is believed. A plain 73 is rather a percentage that lacks its sign.
const mostUtilization = 10
