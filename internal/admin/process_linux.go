package admin

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// process adds what the kernel tells; what it does not is left out.
func (c *collection) process() {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil {
		seconds := float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
		c.family("process_cpu_seconds_total", "Processor time spent.", counter, nil).add(seconds)
	}
	if dir, err := os.Open("/proc/self/fd"); err == nil {
		names, err := dir.Readdirnames(-1)
		dir.Close()
		if err == nil {
			c.gauge("process_open_fds", "Open files.", float64(len(names)-1)) // without the directory itself
		}
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		c.gauge("process_max_fds", "Files that may be open.", float64(limit.Cur))
	}
	var size, resident int64
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		if _, err := fmt.Fscan(bytes.NewReader(text), &size, &resident); err == nil {
			page := int64(os.Getpagesize())
			c.gauge("process_virtual_memory_bytes", "Virtual memory.", float64(size*page))
			c.gauge("process_resident_memory_bytes", "Resident memory.", float64(resident*page))
		}
	}
}
