package balancer

// reportLasts is how long a backend's word about its load counts: 10 s, in steps of ewmaStep.
const reportLasts = 10_000_000_000 >> ewmaTick

// Report records the load that the backend says it has, 1 being all it can take; it comes from its answers. The
// mean of the reports of a region moves the region's share, like a count of requests against a capacity.
func (b *Backend) Report(now int64, load float64) {
	b.reported.Store(packCost(max(load, 1e-6), uint32(now>>ewmaTick)))
}

// report is what the backend said last, unless that is long ago.
func (b *Backend) report(now int64) (load float64, ok bool) {
	load, at := unpackCost(b.reported.Load())
	return load, load > 0 && int32(uint32(now>>ewmaTick)-at) <= reportLasts
}
