package balancer

// Policy is how a member of a tier is chosen.
type Policy uint8

// The policies, by the names the configuration gives them.
const (
	LeastConn      Policy = iota // least_conn: the least in flight for its weight
	P2C                          // p2c: the less loaded of two drawn by weight
	RoundRobin                   // round_robin: in turn, smoothly by weight
	Random                       // random: drawn by weight
	ConsistentHash               // consistent_hash: by the request's key, with bounded load
	PeakEWMA                     // peak_ewma: of two, the one with the lower expected latency
)

var policyNames = [...]string{"least_conn", "p2c", "round_robin", "random", "consistent_hash", "peak_ewma"}

// String is the policy's name in the configuration.
func (p Policy) String() string {
	if int(p) < len(policyNames) {
		return policyNames[p]
	}
	return "unknown"
}

// ParsePolicy finds a policy by its name in the configuration.
func ParsePolicy(name string) (Policy, bool) {
	for i, n := range policyNames {
		if n == name {
			return Policy(i), true
		}
	}
	return 0, false
}
