package e2e

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// eventually waits until the condition holds and fails the test when it never does.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// receive returns the next value and fails the test when none comes.
func receive[T any](t testing.TB, what string, values <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-values:
	case <-time.After(patience):
		t.Fatalf("never: %s", what)
	}
	return value
}

// lastPort walks below the ports that the kernel hands to outgoing connections,
// so that one chosen here stays free until it is bound.
var lastPort atomic.Int32

func init() { lastPort.Store(12000 + rand.Int32N(16000)) }

// freeAddress returns an address of the loopback that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 12000+(lastPort.Add(1)-12000)%20000)
		if ln, err := net.Listen("tcp", address); err == nil {
			ln.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}
