package admin

import (
	"runtime"
	rt "runtime/metrics"
	"runtime/pprof"
	"time"
)

var processStart = time.Now()

// processFamilies are the runtime's and the process's metrics, by the names that
// Prometheus' own client gives them.
func processFamilies() []family {
	var c collection
	c.gauge("go_info", "The Go release that this was built with; always 1.", 1, l{"version", runtime.Version()})
	c.gauge("go_threads", "Threads created by the runtime.", float64(pprof.Lookup("threadcreate").Count()))
	wanted := [...]struct {
		of, name, help string
		kind           kind
	}{
		{"/sched/goroutines:goroutines", "go_goroutines", "Goroutines, coroutines of the loops included.", gauge},
		{"/sched/gomaxprocs:threads", "go_sched_gomaxprocs_threads", "Threads that may run Go code at once.", gauge},
		{"/memory/classes/heap/objects:bytes", "go_memstats_heap_alloc_bytes", "Bytes of objects in the heap.", gauge},
		{"/memory/classes/heap/stacks:bytes", "go_memstats_stack_inuse_bytes", "Bytes of stacks.", gauge},
		{"/memory/classes/total:bytes", "go_memstats_sys_bytes", "Bytes that the runtime has mapped.", gauge},
		{"/gc/heap/goal:bytes", "go_memstats_next_gc_bytes", "Heap size at which the next collection ends.", gauge},
		{"/gc/heap/allocs:bytes", "go_memstats_alloc_bytes_total", "Bytes ever allocated in the heap.", counter},
		{"/gc/heap/allocs:objects", "go_memstats_mallocs_total", "Objects ever allocated in the heap.", counter},
		{"/gc/heap/frees:objects", "go_memstats_frees_total", "Objects ever freed from the heap.", counter},
		{"/gc/cycles/total:gc-cycles", "go_gc_cycles_total", "Collections completed.", counter},
	}
	samples := make([]rt.Sample, len(wanted))
	for i := range wanted {
		samples[i].Name = wanted[i].of
	}
	rt.Read(samples)
	for i, each := range wanted {
		if samples[i].Value.Kind() == rt.KindUint64 {
			c.family(each.name, each.help, each.kind, nil).add(float64(samples[i].Value.Uint64()))
		}
	}
	c.gauge("process_start_time_seconds", "When the process began.", float64(processStart.UnixMilli())/1e3)
	c.process()
	return c.families
}
