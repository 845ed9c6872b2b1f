package loop

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// processorsAtStart is what the Go runtime found usable, before any group raised it.
var processorsAtStart = runtime.GOMAXPROCS(0)

// usableCPUs is how many processors this process may use: the Go runtime takes
// the affinity mask and the cgroup's quota into account, and the user's
// GOMAXPROCS above both.
func usableCPUs() int {
	if n := maxprocsFromUser(); n > 0 {
		return n
	}
	return processorsAtStart
}

func leaveProcessorFor(loops int) {
	if maxprocsFromUser() == 0 && runtime.GOMAXPROCS(0) <= loops {
		runtime.GOMAXPROCS(loops + 1)
	}
}

// preemptible tells whether the scheduler interrupts a thread that it wants
// something of, as it does unless the user forbids it.
func preemptible() bool { return !strings.Contains(os.Getenv("GODEBUG"), "asyncpreemptoff=1") }

func maxprocsFromUser() int {
	n, err := strconv.Atoi(os.Getenv("GOMAXPROCS"))
	if err != nil {
		return 0
	}
	return n
}
