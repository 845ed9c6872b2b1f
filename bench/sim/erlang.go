package main

// erlangB is the part of a Poisson stream that finds all slots taken, where nobody waits (Erlang 1917): load is the
// mean number of slots that the whole stream would keep busy.
func erlangB(load float64, slots int) float64 {
	blocked := 1.0
	for n := 1; n <= slots; n++ {
		blocked = load * blocked / (float64(n) + load*blocked)
	}
	return blocked
}
