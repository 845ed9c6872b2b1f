//go:build h2spec

package http2

import (
	"net"
	"os"
	"os/exec"
	"testing"
)

// TestH2Spec runs the program h2spec, which the environment variable H2SPEC names.
func TestH2Spec(t *testing.T) {
	l := oneLoop(t)
	_, address := serve(t, l, ServerOptions{}, echo)
	_, port, _ := net.SplitHostPort(address)
	out, err := exec.Command(os.Getenv("H2SPEC"), "-h", "127.0.0.1", "-p", port, "-o", "2").CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}
