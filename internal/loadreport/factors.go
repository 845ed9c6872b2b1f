package loadreport

// A factor is never beyond these: however little a backend says that it has to do, it gets no more than that at once.
const (
	leastFactor = 0.1
	mostFactor  = 10
)

// Factors appends to dst by how much to multiply each backend's configured weight, so that all would be loaded alike: 1 where its
// load is not known (or nil), and for all where fewer than two are, since there is nothing to compare. What is known together keeps its part of the whole.
// weights are the configured ones, of which the backends' rates are the result: a factor says how far a weight is from what the backend can do.
func Factors(dst []float64, loads []*Load, weights []float64, now int64) []float64 {
	from, known := len(dst), 0
	var capacity, weight float64
	for i, l := range loads {
		dst = append(dst, 0)
		if l == nil || weights[i] <= 0 {
			continue
		}
		if c, ok := l.Capacity(now); ok {
			dst[from+i] = c
			capacity += c
			weight += weights[i]
			known++
		}
	}
	for i := range loads {
		if f := &dst[from+i]; *f == 0 || known < 2 {
			*f = 1
		} else {
			*f = min(max(*f/weights[i]*weight/capacity, leastFactor), mostFactor)
		}
	}
	return dst
}
