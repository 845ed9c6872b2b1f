package balancer

import "github.com/hashicorp/golang-lru/v2/simplelru"

// Affinity remembers where keys are in use, so that ConsistentHash leaves a key there when the membership changes
// and would move it. It holds the most recently used keys of one loop and one pool, and is for that loop only.
// A key it has not seen costs an allocation.
type Affinity struct {
	table *simplelru.LRU[uint64, home]
	ttl   int64
}

// home names a backend by hash rather than pointer, so as not to keep one alive that has left the pool.
type home struct {
	backend uint64
	until   int64
}

// NewAffinity makes a table of at most size keys (at least one), each forgotten when it was not used for
// ttl nanoseconds.
func NewAffinity(size int, ttl int64) *Affinity {
	table, err := simplelru.NewLRU[uint64, home](max(1, size), nil)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Affinity{table: table, ttl: ttl}
}

// Len is the number of keys remembered, those included whose time is over and that nobody asked for since.
func (a *Affinity) Len() int { return a.table.Len() }

func (a *Affinity) get(key uint64, now int64) (backend uint64, ok bool) {
	h, ok := a.table.Get(key)
	if !ok {
		return 0, false
	}
	if h.until <= now {
		a.table.Remove(key)
		return 0, false
	}
	// A use extends the life of a key. To extend it in steps is near enough and saves a second look-up.
	if h.until-now < a.ttl-a.ttl/16 {
		a.put(key, h.backend, now)
	}
	return h.backend, true
}

func (a *Affinity) put(key, backend uint64, now int64) {
	a.table.Add(key, home{backend, now + a.ttl})
}
