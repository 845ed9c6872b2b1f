//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A usage is what the processes of one group have used so far.
type usage struct {
	total        time.Duration // from the CPU clocks of the processes, in nanoseconds
	user, kernel time.Duration // from /proc/PID/stat, in ticks of 10 ms
	delay        time.Duration // ready to run, while something else ran
	rss, pss     int64         // bytes, now
}

// since returns the CPU time used after before, its split scaled so that the
// parts add up to the exact total. Memory is that of u.
func (u usage) since(before usage) usage {
	d := usage{total: u.total - before.total, delay: u.delay - before.delay, rss: u.rss, pss: u.pss}
	user, kernel := u.user-before.user, u.kernel-before.kernel
	if ticks := user + kernel; ticks > 0 {
		d.user = time.Duration(float64(d.total) * float64(user) / float64(ticks))
	}
	d.kernel = d.total - d.user
	return d
}

// groupUsage sums over the processes of a process group.
func groupUsage(group int) (usage, error) {
	var sum usage
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return sum, err
	}
	found := false
	for _, path := range stats {
		line, err := os.ReadFile(path)
		if err != nil {
			continue // ended since the listing
		}
		s, err := parseStat(line)
		if err != nil {
			return sum, err
		}
		if s.group != group || s.state == 'Z' {
			continue
		}
		if err := sum.add(s); err != nil {
			return sum, err
		}
		found = true
	}
	if !found {
		return sum, fmt.Errorf("no process is left in group %d", group)
	}
	return sum, nil
}

func (u *usage) add(s procStat) error {
	total, err := processClock(s.pid)
	if err != nil {
		return err
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		return err
	}
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", s.pid))
	if err != nil {
		return err
	}
	rss, err := parseKiB(status, "VmRSS")
	if err != nil {
		return err
	}
	pss, err := parseKiB(rollup, "Pss")
	if err != nil {
		return err
	}
	delay, err := runDelay(s.pid)
	if err != nil {
		return err
	}
	u.total += total
	u.delay += delay
	u.user += s.user
	u.kernel += s.kernel
	u.rss += rss
	u.pss += pss
	return nil
}

// processClock reads the CPU-time clock of another process: all its threads,
// the ended ones too (clock_getcpuclockid(3)).
func processClock(pid int) (time.Duration, error) {
	const schedulerClock = 2 // the kernel's CPUCLOCK_SCHED
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedulerClock), &t); err != nil {
		return 0, fmt.Errorf("CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// runDelay sums the time that the threads of a process waited for a processor.
func runDelay(pid int) (time.Duration, error) {
	var sum time.Duration
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, err
	}
	for _, path := range threads {
		line, err := os.ReadFile(path)
		if err != nil {
			continue // ended since the listing
		}
		delay, err := parseDelay(line)
		if err != nil {
			return 0, err
		}
		sum += delay
	}
	return sum, nil
}

// parseDelay reads the second number of a schedstat file, in nanoseconds.
func parseDelay(line []byte) (time.Duration, error) {
	f := strings.Fields(string(line))
	if len(f) < 2 {
		return 0, fmt.Errorf("malformed schedstat line %q", line)
	}
	n, err := strconv.ParseInt(f[1], 10, 64)
	return time.Duration(n), err
}

// A procStat holds the fields of /proc/PID/stat that the bench uses (proc(5)).
type procStat struct {
	pid, group   int
	state        byte
	user, kernel time.Duration
}

const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux port that Go has

func parseStat(line []byte) (procStat, error) {
	var s procStat
	malformed := fmt.Errorf("malformed stat line %q", line)
	open, end := bytes.IndexByte(line, '('), bytes.LastIndexByte(line, ')') // a name may hold both
	if open < 0 || end < open {
		return s, malformed
	}
	f := strings.Fields(string(line[end+1:])) // f[0] is field 3, the state
	if len(f) < 13 {
		return s, malformed
	}
	var err [4]error
	var user, kernel int
	s.state = f[0][0]
	s.pid, err[0] = strconv.Atoi(strings.TrimSpace(string(line[:open])))
	s.group, err[1] = strconv.Atoi(f[2])
	user, err[2] = strconv.Atoi(f[11])
	kernel, err[3] = strconv.Atoi(f[12])
	for _, e := range err {
		if e != nil {
			return s, malformed
		}
	}
	s.user, s.kernel = time.Duration(user)*tick, time.Duration(kernel)*tick
	return s, nil
}

// parseKiB finds "name:   123 kB" in a file like /proc/PID/status and returns bytes.
func parseKiB(file []byte, name string) (int64, error) {
	for line := range strings.Lines(string(file)) {
		value, ok := strings.CutPrefix(line, name+":")
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		return n << 10, err
	}
	return 0, fmt.Errorf("no %s", name)
}
