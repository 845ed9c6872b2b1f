package resolve

import (
	"context"
	"sync"
)

// lookupsAtOnce bounds the sockets that LookupAll holds, two for each name.
const lookupsAtOnce = 64

// A Result is what became of one lookup.
type Result struct {
	Answer Answer
	Err    error
}

// LookupAll is [Resolver.Lookup] for each of hosts, of many at the same time: names
// whose servers are silent cost no more time than one of them. The results
// come in the order of hosts.
func (r *Resolver) LookupAll(ctx context.Context, hosts []string) []Result {
	results := make([]Result, len(hosts))
	places := make(chan struct{}, lookupsAtOnce)
	var asked sync.WaitGroup
	for i, host := range hosts {
		places <- struct{}{}
		asked.Go(func() {
			defer func() { <-places }()
			results[i].Answer, results[i].Err = r.lookup(ctx, host)
		})
	}
	asked.Wait()
	return results
}
