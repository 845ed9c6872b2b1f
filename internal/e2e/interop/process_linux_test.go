package interop

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel end the process when the tests end abruptly, as a
// case of gRPC that fails ends them.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
