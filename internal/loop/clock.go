package loop

import "time"

var processStart = time.Now()

// Nanotime reads the monotonic clock, in nanoseconds since the process began.
// Code on a loop uses [Loop.Now], which costs nothing.
func Nanotime() int64 { return int64(time.Since(processStart)) }

// WallTime turns a monotonic reading of this package into the time of day. A
// clock that was set since the process began is not followed.
func WallTime(now int64) time.Time { return processStart.Add(time.Duration(now)) }
